package dev.drover.operator.scaling.simulator;

import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Runs as SVG charts over time. */
final class Drawing {
  private static final int POINTS = 150;

  private Drawing() {}

  /** A line a run: some series, added up over its stages. */
  static String together(String title, List<Run> runs, Function<Run.Series, List<Double>> series) {
    XYChart chart = chart(title);
    for (Run run : runs) {
      List<Double> sum = new ArrayList<>();
      for (int n = 0; n < run.stages().getFirst().time().size(); n++) {
        int at = n;
        sum.add(run.stages().stream().mapToDouble(s -> series.apply(s).get(at)).sum());
      }
      line(chart, run.rule(), run.stages().getFirst().time(), sum);
    }
    return svg(chart);
  }

  /** What arrives and what is done a second, and the workers of each stage. */
  static String rates(Run run) {
    XYChart chart = chart("records a second, " + run.rule());
    Run.Series first = run.stages().getFirst();
    line(chart, "arrive", first.time(), perSecond(first.time(), first.arrived()));
    Run.Series last = run.stages().getLast();
    line(chart, "done", last.time(), perSecond(last.time(), last.completed()));
    return svg(chart);
  }

  static String stages(Run run) {
    XYChart chart = chart("workers of each stage, " + run.rule());
    for (int i = 0; i < run.stages().size(); i++) {
      Run.Series s = run.stages().get(i);
      line(chart, run.scenario().stages().get(i).name(), s.time(), s.desired());
    }
    return svg(chart);
  }

  private static List<Double> perSecond(List<Double> time, List<Double> sum) {
    List<Double> rate = new ArrayList<>();
    int width = 8;
    for (int n = 0; n < time.size(); n++) {
      int from = Math.max(0, n - width);
      double seconds = time.get(n) - time.get(from);
      rate.add(seconds <= 0 ? 0 : (sum.get(n) - sum.get(from)) / seconds);
    }
    return rate;
  }

  private static XYChart chart(String title) {
    XYChart chart =
        new XYChartBuilder().width(520).height(260).title(title).xAxisTitle("seconds").build();
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    chart.getStyler().setChartTitleVisible(true);
    chart.getStyler().setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 9));
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
    return chart;
  }

  private static void line(XYChart chart, String name, List<Double> time, List<Double> values) {
    int every = Math.max(1, time.size() / POINTS);
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (int n = 0; n < time.size(); n += every) {
      x.add(time.get(n));
      y.add(values.get(n));
    }
    chart.addSeries(name, x, y).setMarker(SeriesMarkers.NONE);
  }

  private static String svg(XYChart chart) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsFormat.SVG);
    } catch (IOException e) {
      throw new IllegalStateException("a chart cannot be written to memory", e);
    }
    String svg = out.toString(StandardCharsets.UTF_8);
    return svg.substring(svg.indexOf("<svg"));
  }
}

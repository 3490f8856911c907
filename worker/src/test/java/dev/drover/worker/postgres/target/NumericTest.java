package dev.drover.worker.postgres.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumericTest {
  private static ByteBuffer binary(String text) {
    byte[] source = ("<" + text + ">").getBytes(StandardCharsets.UTF_8);
    CopyBuffer out = new CopyBuffer(1);
    out.int1(7);
    Numeric.append(source, 1, source.length - 1, out);
    ByteBuffer bytes = ByteBuffer.wrap(Arrays.copyOfRange(out.bytes(), 1, out.length()));
    assertThat(bytes.getInt()).isEqualTo(bytes.remaining());
    return bytes;
  }

  /** The number that the server would make of the bytes, by the form's definition. */
  private static BigDecimal decoded(ByteBuffer bytes) {
    int digits = bytes.getShort();
    int weight = bytes.getShort();
    int sign = bytes.getShort() & 0xFFFF;
    int scale = bytes.getShort();
    assertThat(sign).isIn(0, 0x4000);
    BigDecimal sum = BigDecimal.ZERO;
    for (int i = 0; i < digits; i++) {
      int digit = bytes.getShort();
      assertThat(digit).isBetween(0, 9999);
      assertThat(digit == 0 && (i == 0 || i == digits - 1)).as("a digit to be left out").isFalse();
      sum = sum.add(new BigDecimal(BigInteger.valueOf(digit), -4 * (weight - i)));
    }
    assertThat(bytes.hasRemaining()).isFalse();
    return (sign == 0 ? sum : sum.negate()).setScale(scale);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "0.00",
        "-0.500",
        "1",
        "10000",
        "9999",
        "99999999",
        "12345678.9",
        "0.0001",
        "0.00001",
        "100000000.00000001",
        "-1.10",
        "000012.50",
        ".5",
        "5.",
        "+3.25",
        "1234500"
      })
  void a_number_keeps_its_value_and_its_scale(String text) {
    BigDecimal expected = new BigDecimal(text.endsWith(".") ? text + "0" : text);
    expected = text.endsWith(".") ? expected.setScale(0) : expected;
    assertThat(decoded(binary(text))).isEqualTo(expected);
  }

  @Test
  void any_number_keeps_its_value_and_its_scale() {
    Random random = new Random(11);
    for (int i = 0; i < 20_000; i++) {
      BigDecimal number =
          new BigDecimal(new BigInteger(random.nextInt(1, 200), random), random.nextInt(0, 60));
      number = random.nextBoolean() ? number.negate() : number;
      String text = number.toPlainString();
      assertThat(decoded(binary(text))).as(text).isEqualTo(number);
    }
  }

  @ParameterizedTest
  @CsvSource({"NaN, c000", "Infinity, d000", "-Infinity, f000"})
  void what_is_no_number_has_a_sign_of_its_own(String text, String sign) {
    ByteBuffer bytes = binary(text);
    assertThat(Integer.toHexString(bytes.getShort(8) & 0xFFFF)).isEqualTo(sign);
    assertThat(bytes.getShort(4)).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-", ".", "1e5", "1,5", "nan", "1.2.3", "１"})
  void what_is_no_decimal_gets_a_sign_that_the_server_refuses(String text) {
    assertThat(binary(text).getShort(8)).isEqualTo((short) 0x1000);
  }
}

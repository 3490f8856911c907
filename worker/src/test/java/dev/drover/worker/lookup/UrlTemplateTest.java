package dev.drover.worker.lookup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UrlTemplateTest {
  private static final String CUSTOMERS = "https://crm.example:8443/v1/customers/{id}?of={shop}";

  private static String url(String template, String value) throws Exception {
    return UrlTemplate.parse(template).with(field -> value).toString();
  }

  @Test
  void fields_are_named_once_in_their_order() throws Exception {
    assertThat(UrlTemplate.parse("http://h/{b}/{a}?x={b}").fields()).containsExactly("b", "a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "7 | 7",
        "a/b?c#d | a%2Fb%3Fc%23d",
        "..a/b.. | ..a%2Fb..",
        "a&b=c+d e | a%26b%3Dc%2Bd%20e",
        "%2F | %252F",
        "ü€ | %C3%BC%E2%82%AC",
        "a-._~Z | a-._~Z",
      })
  void a_value_stays_in_its_place(String value, String encoded) throws Exception {
    assertThat(url(CUSTOMERS, value))
        .isEqualTo("https://crm.example:8443/v1/customers/" + encoded + "?of=" + encoded);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "../../admin", "x/../../admin", "a\\..\\b", "a/."})
  void a_value_that_would_be_another_path_is_refused(String value) {
    assertThatThrownBy(() -> url(CUSTOMERS, value))
        .isInstanceOf(UrlTemplate.UnfitValueException.class);
    assertThatThrownBy(() -> url("http://h/{a}{b}", value.equals("..") ? "." : value))
        .isInstanceOf(UrlTemplate.UnfitValueException.class);
  }

  @Test
  void beside_other_characters_and_in_the_query_it_is_not() throws Exception {
    assertThat(url("http://h/c-{id}", "..")).isEqualTo("http://h/c-..");
    assertThat(url("http://h/c?id={id}", "")).isEqualTo("http://h/c?id=");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "https://crm.example/customers | no field",
        "https://{host}/customers | https://host",
        "https://me:secret@crm.example/{id} | without user",
        "ftp://crm.example/{id} | https://host",
        "https://crm.example/{id}#top | without",
        "https://crm.example/{id | no field",
        "https://crm.example/{id}/} | brace",
        "https://crm.example/{}/{id} | brace",
        "https://crm.example/../{id} | .. out of the path",
        "https://crm_example/{id} | host",
        "https://crm.example/{id}?q=^ | no URL",
      })
  void a_bad_template_is_refused_saying_why(String template, String why) {
    assertThatThrownBy(() -> UrlTemplate.parse(template))
        .isInstanceOfSatisfying(
            LookupRefusedException.class, e -> assertThat(e.path()).isEqualTo("http.url"))
        .hasMessageContaining(why);
  }
}

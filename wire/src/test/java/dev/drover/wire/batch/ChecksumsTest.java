package dev.drover.wire.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ChecksumsTest {
  @Test
  void the_checksum_is_crc_32c_and_the_length() {
    byte[] check = "123456789".getBytes(StandardCharsets.US_ASCII);
    assertThat(Checksums.of(check)).isEqualTo("e306928300000009");
    assertThat(Checksums.of(new byte[0])).isEqualTo("0000000000000000");
    assertThat(Checksums.of(new byte[1])).isNotEqualTo(Checksums.of(new byte[2]));
  }
}

// What the processor of this machine can do beyond what every amd64 can (SSE2): asked once, at run
// time, since one program runs on all of them.
#pragma once

namespace synap::vectors {

struct Processor {
  bool has_avx2 = false;         // with FMA
  bool has_avx_vnni = false;     // 256 bits: Alder Lake, Zen 5
  bool has_avx512_vnni = false;  // 512 bits: Ice Lake, Zen 4
};

/// Of this machine, as its operating system lets programs use it.
const Processor& processor();

}  // namespace synap::vectors

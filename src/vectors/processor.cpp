#include "vectors/processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace synap::vectors {
namespace {

Processor ask() {
  Processor found;
#if defined(__x86_64__)
  // These look at what the operating system saves of a thread (XGETBV), too.
  __builtin_cpu_init();
  found.has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  found.has_avx512_vnni = __builtin_cpu_supports("avx512vnni") &&
                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512f");
  // Not among the names that libgcc 12 knows: leaf 7, subleaf 1, EAX bit 4.
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (found.has_avx2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0) {
    found.has_avx_vnni = (a & (1U << 4U)) != 0;
  }
#endif
  return found;
}

}  // namespace

const Processor& processor() {
  static const Processor kFound = ask();
  return kFound;
}

}  // namespace synap::vectors

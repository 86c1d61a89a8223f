// Any text as a schedule, asked at any time: it is taken, or refused with a sentence that is text;
// each time that it names is behind the one that was given, on a whole second, and found within a
// bounded time (the fuzzer's own, -timeout).
//
// The first eight bytes are the time, in milliseconds; the rest is the text.
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "cron/jitter.h"
#include "cron/schedule.h"

using namespace synap;

namespace {

constexpr int kTicks = 8;

void check_ticks(const cron::Schedule& schedule, std::int64_t from, std::string_view text) {
  for (int i = 0; i < kTicks; ++i) {
    const auto next = schedule.next(from);
    if (!next) return;
    SYNAP_CHECK(*next > from && *next % 1'000 == 0, text);
    from = *next;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::int64_t from = 0;
  if (size < sizeof from) return 0;
  std::memcpy(&from, data, sizeof from);
  const std::string_view text(reinterpret_cast<const char*>(data) + sizeof from,
                              size - sizeof from);

  const auto jitter = cron::parse_jitter(text);
  if (!jitter) SYNAP_CHECK(is_valid_utf8(jitter.error().message), "an error is text");
  const auto put_off = cron::jitter_ms(from, text);
  SYNAP_CHECK(put_off >= 0 && (put_off == 0 || put_off < from), text);

  const auto schedule = cron::Schedule::parse(text);
  if (!schedule) {
    SYNAP_CHECK(is_valid_utf8(schedule.error().message), "an error is text");
    return 0;
  }
  check_ticks(*schedule, from, text);
  // Most numbers of eight bytes are far from any calendar: the same within 1900 to 2100.
  constexpr std::int64_t k1900 = -2'208'988'800'000;
  constexpr std::int64_t k200Years = 6'311'433'600'000;
  check_ticks(*schedule, k1900 + (from % k200Years + k200Years) % k200Years, text);
  return 0;
}

#include "cron/schedule.h"

#include "cron/parser.h"
#include "cron/search.h"

namespace synap::cron {
namespace {

constexpr std::int64_t kMsPerSecond = 1'000;
constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

}  // namespace

Result<Schedule> Schedule::parse(std::string_view expression) {
  const auto rule = parse_rule(expression);
  if (!rule) return fail(rule.error());
  return Schedule(*rule);
}

std::optional<std::int64_t> Schedule::next(std::int64_t after_ms) const {
  const auto after = after_ms / kMsPerSecond - (after_ms % kMsPerSecond < 0 ? 1 : 0);
  if (after < kFirstSecond || after > kLastSecond) return std::nullopt;
  const auto next =
      rule_.every_seconds > 0 ? after + rule_.every_seconds : next_second(rule_, after);
  if (!next || *next > kLastSecond) return std::nullopt;
  return *next * kMsPerSecond;
}

}  // namespace synap::cron

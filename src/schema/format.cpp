// The string formats: zod's regular expressions, read by hand.
#include "schema/issue.h"
#include "schema/node.h"

namespace synap {

std::string format_sentence(const SchemaCheck& check) {
  switch (check.kind) {
    case SchemaCheck::Kind::kUuid:
      return "it must be an id, as 01980000-0000-7000-8000-000000000000";
    case SchemaCheck::Kind::kDatetime:
      return "it must be a time in UTC, as 2026-01-31T12:00:00Z";
    default:
      return check.expected.empty() ? "Invalid string: must match pattern /" + check.pattern + "/"
                                    : "it must be " + check.expected;
  }
}

std::string_view uuid_pattern() {
  return "/^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-"
         "[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|"
         "ffffffff-ffff-ffff-ffff-ffffffffffff)$/";
}

std::string_view datetime_pattern() {
  return R"(/^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|)"
         R"(\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|)"
         R"((?:02)-(?:0[1-9]|1\d|2[0-8])))T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z))$/)";
}

namespace schema_detail {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Two digits as a number, or -1.
int two_digits(std::string_view text, std::size_t at) {
  if (!is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && is_leap ? 29 : kDays[month - 1];
}

}  // namespace

bool is_zod_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  const char version = text[14];
  const char variant = text[19];
  const bool is_variant = variant == '8' || variant == '9' || variant == 'a' || variant == 'b' ||
                          variant == 'A' || variant == 'B';
  if (version >= '1' && version <= '8' && is_variant) return true;
  return text == "00000000-0000-0000-0000-000000000000" ||
         text == "ffffffff-ffff-ffff-ffff-ffffffffffff";
}

bool is_zod_datetime(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z') {
    return false;
  }
  const int century = two_digits(text, 0);
  const int year = two_digits(text, 2);
  const int month = two_digits(text, 5);
  const int day = two_digits(text, 8);
  const int hour = two_digits(text, 11);
  const int minute = two_digits(text, 14);
  const int second = two_digits(text, 17);
  if (century < 0 || year < 0 || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(century * 100 + year, month) || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 59) {
    return false;
  }
  const auto fraction = text.substr(19, text.size() - 20);
  if (fraction.empty()) return true;
  if (fraction.size() < 2 || fraction[0] != '.') return false;
  for (const char c : fraction.substr(1)) {
    if (!is_digit(c)) return false;
  }
  return true;
}

}  // namespace schema_detail
}  // namespace synap

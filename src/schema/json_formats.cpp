// The formats of JSON Schema that are checked.
#include <re2/re2.h>

#include <algorithm>

#include "schema/json_rules.h"

namespace synap {
namespace {

bool matches(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

int digits(std::string_view text) {
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

// RFC 3339, full-date.
bool is_date(std::string_view text) {
  static const re2::RE2 kShape("[0-9]{4}-[0-9]{2}-[0-9]{2}");
  if (!matches(kShape, text)) return false;
  const int year = digits(text.substr(0, 4));
  const int month = digits(text.substr(5, 2));
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12) return false;
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const int days = month == 2 && is_leap ? 29 : kDays[month - 1];
  const int day = digits(text.substr(8, 2));
  return day >= 1 && day <= days;
}

// RFC 3339, full-time. A leap second is the last one of a day in UTC.
bool is_time(std::string_view text) {
  static const re2::RE2 kShape(
      "([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(\\.[0-9]+)?"
      "([Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))");
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::string sign;
  std::string offset_hour;
  std::string offset_minute;
  if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kShape, &hour, &minute,
                           &second, nullptr, nullptr, &sign, &offset_hour, &offset_minute)) {
    return false;
  }
  if (second < 60) return true;
  int at = hour * 60 + minute;
  if (!sign.empty()) {
    const int offset = digits(offset_hour) * 60 + digits(offset_minute);
    at += sign == "+" ? -offset : offset;
  }
  constexpr int kDay = 24 * 60;
  return (at % kDay + kDay) % kDay == kDay - 1;
}

bool is_date_time(std::string_view text) {
  constexpr std::size_t kDateLength = 10;
  return text.size() > kDateLength && (text[kDateLength] == 'T' || text[kDateLength] == 't') &&
         is_date(text.substr(0, kDateLength)) && is_time(text.substr(kDateLength + 1));
}

bool is_uuid(std::string_view text) {
  static const re2::RE2 kShape("(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  return matches(kShape, text);
}

// RFC 5321, without quoted names and address literals, which nobody has.
bool is_email(std::string_view text) {
  static const re2::RE2 kShape(
      "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
      "@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
      "*");
  return text.size() <= 254 && matches(kShape, text);
}

// RFC 3986: a scheme, and only characters that a URI has.
bool is_uri(std::string_view text) {
  static const re2::RE2 kShape(
      "[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+");
  return matches(kShape, text);
}

bool is_ipv4(std::string_view text) {
  static const re2::RE2 kShape("((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.|$)){4}");
  return !text.ends_with('.') && matches(kShape, text);
}

// RFC 4291: eight groups, or fewer and one "::"; the last two may be an IPv4 address.
bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool has_gap = false;
  std::size_t at = 0;
  if (text.starts_with("::")) {
    has_gap = true;
    at = 2;
  }
  while (at < text.size()) {
    const auto end = std::min(text.find(':', at), text.size());
    const auto group = text.substr(at, end - at);
    if (end == text.size() && is_ipv4(group)) {
      groups += 2;
      break;
    }
    const bool is_hex =
        std::ranges::all_of(group, [](unsigned char c) { return std::isxdigit(c); });
    if (group.empty() || group.size() > 4 || !is_hex) return false;
    ++groups;
    if (end == text.size()) break;
    at = end + 1;
    if (at == text.size()) return false;
    if (text[at] == ':') {
      if (has_gap) return false;
      has_gap = true;
      ++at;
    }
  }
  return has_gap ? groups <= 7 : groups == 8;
}

constexpr JsonFormat kFormats[] = {
    {"date-time", is_date_time}, {"date", is_date}, {"time", is_time}, {"uuid", is_uuid},
    {"email", is_email},         {"uri", is_uri},   {"ipv4", is_ipv4}, {"ipv6", is_ipv6}};

}  // namespace

const JsonFormat* json_format(std::string_view name) {
  const auto* at = std::ranges::find(kFormats, name, &JsonFormat::name);
  return at == std::end(kFormats) ? nullptr : at;
}

std::string json_format_names() {
  std::string names;
  for (const auto& format : kFormats) {
    names.append(names.empty() ? "" : ", ").append(format.name);
  }
  return names;
}

}  // namespace synap

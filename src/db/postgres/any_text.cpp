#include "db/postgres/any_text.h"

namespace synap::db::postgres {
namespace {

constexpr std::string_view kMark = "\xef\xbf\xbe";  // U+FFFE

}  // namespace

std::string_view as_stored(std::string_view text, std::string& changed) {
  if (!text.contains('\0') && !text.contains(kMark)) return text;
  changed.clear();
  while (!text.empty()) {
    if (text.front() == '\0') {
      changed.append(kMark).push_back('0');
      text.remove_prefix(1);
    } else if (text.starts_with(kMark)) {
      changed.append(kMark).push_back('1');
      text.remove_prefix(kMark.size());
    } else {
      changed.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  return changed;
}

std::string_view as_given(std::string_view stored, std::string& changed) {
  auto at = stored.find(kMark);
  if (at == std::string_view::npos) return stored;
  changed.clear();
  for (; at != std::string_view::npos; at = stored.find(kMark)) {
    changed.append(stored.substr(0, at));
    stored.remove_prefix(at + kMark.size());
    if (stored.starts_with('0')) {
      changed.push_back('\0');
    } else {
      changed.append(kMark);
    }
    if (!stored.empty()) stored.remove_prefix(1);
  }
  changed.append(stored);
  return changed;
}

}  // namespace synap::db::postgres

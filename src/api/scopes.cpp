#include "api/scopes.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::api {
namespace {

constexpr std::string_view kEverything = "*";
// A name for "*:propose".
constexpr std::string_view kPropose = "propose";

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Its part before the colon, and that behind it.
std::pair<std::string_view, std::string_view> parts_of(std::string_view scope) {
  const auto colon = scope.find(':');
  if (scope == kPropose) return {kEverything, kPropose};
  if (colon == scope.npos) return {scope, kEverything};
  return {scope.substr(0, colon), scope.substr(colon + 1)};
}

bool covers(std::string_view mine, std::string_view wanted) {
  const auto [group, right] = parts_of(mine);
  const auto [wanted_group, wanted_right] = parts_of(wanted);
  return (group == kEverything || group == wanted_group) &&
         (right == kEverything || right == wanted_right ||
          // Whoever may do a thing may propose it.
          (right == "write" && wanted_right == kPropose));
}

}  // namespace

bool is_scope(std::string_view name) {
  if (name == kEverything || name == kPropose) return true;
  if (name.size() > Scopes::kCharactersMax || name.find(':') == name.npos) return false;
  const auto [group, right] = parts_of(name);
  return (group == kEverything || is_name(group)) &&
         (right == kEverything || right == "read" || right == "write" || right == kPropose);
}

Result<Scopes> Scopes::parse(std::vector<std::string> names) {
  for (const auto& name : names) {
    if (is_scope(name)) continue;
    return fail(Code::kBadRequest,
                fmt::format("\"{}\" is no scope: they are written notes:read, notes:write, "
                            "notes:propose, notes:*, *:read, propose, or *",
                            name.substr(0, kCharactersMax)));
  }
  if (names.size() > kCountMax) {
    return fail(Code::kBadRequest, fmt::format("A key has at most {} scopes", kCountMax));
  }
  const auto is_everything = [](const std::string& name) {
    return name == kEverything || name == "*:*";
  };
  Scopes scopes;
  if (!std::ranges::any_of(names, is_everything)) scopes.names_ = std::move(names);
  return scopes;
}

std::vector<std::string> Scopes::names() const {
  return is_everything() ? std::vector<std::string>{std::string(kEverything)} : names_;
}

bool Scopes::allow(std::string_view scope) const {
  return is_everything() ||
         std::ranges::any_of(names_, [&](const std::string& mine) { return covers(mine, scope); });
}

bool Scopes::cover(const Scopes& others) const {
  if (is_everything()) return true;
  return !others.is_everything() &&
         std::ranges::all_of(others.names_, [&](const std::string& name) { return allow(name); });
}

}  // namespace synap::api

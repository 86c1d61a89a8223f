#include "rpc/procedure.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace synap::rpc {
namespace {

// A client is a JavaScript proxy: these three names are asked of it by the language itself.
constexpr std::array<std::string_view, 3> kUnreachableNames = {"then", "call", "apply"};

bool is_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  };
  if (name.empty() || !is_letter(name.front())) return false;
  return std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kQuery:
      return "query";
    case Kind::kMutation:
      return "mutation";
    case Kind::kSubscription:
      return "subscription";
  }
  std::unreachable();
}

std::string_view effects_name(Effects effects) {
  switch (effects) {
    case Effects::kReads:
      return "reads";
    case Effects::kAppends:
      return "appends";
    case Effects::kIdempotent:
      return "idempotent";
    case Effects::kDestroys:
      return "destroys";
  }
  std::unreachable();
}

std::string_view access_name(Access access) {
  switch (access) {
    case Access::kPublic:
      return "public";
    case Access::kCaller:
      return "caller";
    case Access::kOwner:
      return "owner";
  }
  std::unreachable();
}

std::string scope_of(const Procedure& procedure) {
  const std::string group = procedure.path.substr(0, procedure.path.find('.'));
  return group + (procedure.meta.effects == Effects::kReads ? ":read" : ":write");
}

std::string proposing_scope_of(const Procedure& procedure) {
  return procedure.path.substr(0, procedure.path.find('.')) + ":propose";
}

bool takes_input(const Procedure& procedure) {
  return !procedure.input.is_undefined();
}

Error error_of_exception(std::string_view path, std::string_view what) {
  write_log(LogLevel::kError, "rpc", "{procedure} has thrown: {what}",
            {{"procedure", path}, {"what", what}});
  return {Code::kInternalServerError, "The procedure failed in a way that it does not foresee"};
}

Task<Result<Reply>> invoke(const Procedure& procedure, Call call) {
  try {
    co_return co_await procedure.handler(std::move(call));
  } catch (const std::exception& thrown) {
    co_return fail(error_of_exception(procedure.path, thrown.what()));
  } catch (...) {
    co_return fail(error_of_exception(procedure.path, "something that is no std::exception"));
  }
}

void ProcedureTable::add(Procedure procedure) {
  const std::string path = procedure.path;
  SYNAP_CHECK(path.size() <= kPathBytesMax, path);
  std::string_view rest = path;
  for (;;) {
    const auto dot = rest.find('.');
    const auto name = rest.substr(0, dot);
    SYNAP_CHECK(is_name(name), path);
    SYNAP_CHECK(std::ranges::find(kUnreachableNames, name) == kUnreachableNames.end(), path);
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  SYNAP_CHECK(procedure.handler, path);
  // A stream may be what comes of something that it adds (an answer that is paid for); whatever
  // changes what there is cannot be asked for with GET.
  const auto effects = procedure.meta.effects;
  const bool may_append = procedure.kind == Kind::kSubscription && effects == Effects::kAppends;
  SYNAP_CHECK(procedure.kind == Kind::kMutation || effects == Effects::kReads || may_append, path);
  // Keys that may only read may call what reads.
  const bool is_change = procedure.kind == Kind::kMutation && !procedure.meta.appends.empty();
  SYNAP_CHECK(!is_change || effects != Effects::kReads, path);
  // A name is a procedure or a router, never both.
  for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    SYNAP_CHECK(!by_path_.contains(path.substr(0, dot)), path);
  }
  const auto below = by_path_.lower_bound(path + ".");
  SYNAP_CHECK(below == by_path_.end() || !below->first.starts_with(path + "."), path);
  const bool is_new = by_path_.emplace(path, std::move(procedure)).second;
  SYNAP_CHECK(is_new, path);
}

const Procedure* ProcedureTable::find(std::string_view path) const {
  const auto at = by_path_.find(path);
  return at == by_path_.end() ? nullptr : &at->second;
}

void ProcedureTable::count_refusal(const Procedure* procedure, Code code) const {
  CallMeter* meter = procedure == nullptr ? meter_of_none_.get() : procedure->meter.get();
  if (meter != nullptr) meter->refuse(code);
  if (!is_logged(LogLevel::kDebug)) return;
  write_log(LogLevel::kDebug, "rpc", "{procedure} {code}, refused before it began",
            {{"procedure", procedure == nullptr ? "none" : std::string_view(procedure->path)},
             {"code", info(code).name}});
}

std::vector<const Procedure*> ProcedureTable::all() const {
  std::vector<const Procedure*> procedures;
  procedures.reserve(by_path_.size());
  for (const auto& [path, procedure] : by_path_) procedures.push_back(&procedure);
  return procedures;
}

}  // namespace synap::rpc

// size() and what CEL itself says of texts: contains, startsWith, endsWith, matches.
#include <array>

#include "cel/functions.h"
#include "cel/utf8.h"

namespace synap::cel {
namespace {

// What a pattern may take, and how large its program may be: as those of JSON Schemas.
constexpr std::int64_t kPatternBytesMax = 64 * 1024;
constexpr int kPatternProgramMax = 1'500;
// Compiling a pattern of a program of 1,500 takes some 100 microseconds.
constexpr std::int64_t kCompileSteps = 1'000;
// RE2 takes up to a nanosecond for each byte and each part of the program, where its automaton has
// no room and it goes through all states at once: so a text of 512 KiB may be searched with a
// pattern of 100 parts, and not with one of 1,500.
constexpr std::int64_t kMatchesOfAStep = 1'024;

Result<Value> size(const Call& call) {
  const auto& value = call[0];
  std::size_t size = 0;
  switch (value.kind()) {
    case Kind::kString:
      call.budget().spend(steps_of_text(value.as_string().size()));
      size = count_characters(value.as_string());
      break;
    case Kind::kBytes:
      size = value.as_bytes().size();
      break;
    case Kind::kList:
      size = value.as_list().size();
      break;
    case Kind::kMap:
      size = value.as_map().size();
      break;
    default:
      return no_overload(call);
  }
  return Value(static_cast<std::int64_t>(size));
}

bool are_texts(const Call& call) {
  return call[0].is(Kind::kString) && call[1].is(Kind::kString);
}

Result<Value> contains(const Call& call) {
  if (!are_texts(call)) return no_overload(call);
  // libstdc++'s find compares at each place where the first byte stands.
  const auto longer = call[0].as_string().size();
  const auto shorter = call[1].as_string().size();
  const auto compared =
      static_cast<std::int64_t>(longer / 16) * static_cast<std::int64_t>(1 + shorter / 64);
  if (!call.budget().spend(compared)) return Value();
  return Value(call[0].as_string().find(call[1].as_string()) != std::string_view::npos);
}

Result<Value> starts_with(const Call& call) {
  if (!are_texts(call)) return no_overload(call);
  call.budget().spend(steps_of_text(call[1].as_string().size()));
  return Value(call[0].as_string().starts_with(call[1].as_string()));
}

Result<Value> ends_with(const Call& call) {
  if (!are_texts(call)) return no_overload(call);
  call.budget().spend(steps_of_text(call[1].as_string().size()));
  return Value(call[0].as_string().ends_with(call[1].as_string()));
}

Result<Value> matches(const Call& call) {
  if (!are_texts(call)) return no_overload(call);
  auto pattern = call.node.pattern;
  if (pattern == nullptr) {
    if (!call.budget().spend(kCompileSteps)) return Value();
    pattern = compile_pattern(call[1].as_string());
  }
  if (pattern == nullptr) {
    return fail_evaluation("matches() has no pattern that RE2 takes, or too large a one");
  }
  const auto text = call[0].as_string();
  const auto parts = static_cast<std::int64_t>(text.size()) * pattern->ProgramSize();
  if (!call.budget().spend(parts / kMatchesOfAStep + steps_of_text(text.size()))) return Value();
  return Value(re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern));
}

}  // namespace

std::shared_ptr<const re2::RE2> compile_pattern(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternBytesMax);
  auto compiled =
      std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok() || compiled->ProgramSize() > kPatternProgramMax) return nullptr;
  return compiled;
}

std::span<const Function> text_functions() {
  using enum Style;
  static constexpr std::array kFunctions = {
      Function{"size", kEither, 1, 1, size},
      Function{"contains", kMember, 2, 2, contains, Nature::kPredicate},
      Function{"startsWith", kMember, 2, 2, starts_with, Nature::kPredicate},
      Function{"endsWith", kMember, 2, 2, ends_with, Nature::kPredicate},
      Function{"matches", kEither, 2, 2, matches, Nature::kPredicate},
  };
  return kFunctions;
}

}  // namespace synap::cel

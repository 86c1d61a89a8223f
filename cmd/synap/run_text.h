// What is said of a run and its steps, wherever they are shown.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace synap::cli {

/// The whole number that `object` has there, or "-".
std::string number_of(const Json& object, std::string_view key);
/// "NOT_FOUND: there is no such thing"
std::string error_text(const Json& error);
/// "0198…  completed   1  2026-01-31T12:00:00.000Z  notes.create  note.creation.requested"
std::string run_line(const Json& run);
/// What became of a step, by its op: "done", "slept".
std::string_view word_of(std::string_view op);
/// What a step that is begun and not done is about.
std::string_view pending_word_of(std::string_view op);
/// What a step gave, or why it failed, without the envelope in which it is stored.
std::string result_text(const Json& step);
/// In a terminal local, else as it came.
std::string time_text(std::string_view time);

}  // namespace synap::cli

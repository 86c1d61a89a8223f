// What the program says: results to stdout, everything else to stderr, and the exit code.
#pragma once

#include <unistd.h>

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace synap::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;  // the command line or its input is wrong
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitDenied = 4;
inline constexpr int kExitConflict = 5;

int exit_code_of(Code code);

/// To stdout, at once. Where nobody reads any more (`synap … | head`), this ends the program
/// quietly and well, or after outlive_readers() does nothing.
void print(std::string_view text);
/// For what is more than its output: it goes on, and its exit code says how it went.
void outlive_readers();
void print_line(std::string_view line);
/// JSON text as it is printed to a file: the same value, and in a terminal with escapes (\u009b)
/// for what could move its cursor or turn the direction of writing.
std::string json_text(std::string text, int file = STDOUT_FILENO);
void print_json(const Json& value);
/// A heading and the first ten or so of some lines of others: of a thousand nobody reads more, and
/// --json has them all. Nothing where there are none.
void print_folded(std::string_view heading, std::span<const std::string> lines);
void print_error_text(std::string_view text);
/// "synap: …" to stderr, one line.
void tell(std::string_view sentence);

/// Says the error on stderr: a sentence, or with `is_json` {"error":{"code","message",…}} in one
/// line. Gives the exit code.
int report(const Error& error, bool is_json);
int report_usage(std::string_view sentence, bool is_json);
Json json_of(const Error& error);

/// Text of others for a terminal: what could move the cursor or turn the direction of writing, and
/// what is no UTF-8, becomes "?".
std::string printable(std::string_view text);

}  // namespace synap::cli

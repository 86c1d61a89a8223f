// Help: what --help prints, in lines that are broken between words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synap/command_line.h"

namespace synap::cli {

/// Of the whole program: every command and group with one sentence.
std::string help_of_program(const Program& program, const std::vector<Command>& commands);
/// Of a group: its commands, with examples of them.
std::string help_of_group(const Program& program, const std::vector<Command>& commands,
                          const std::string& word);
/// Of one command: what it does, its arguments and options with their defaults, an example.
std::string help_of_command(const Command& command);

/// Names and what they mean in two columns.
struct Line {
  std::string name;
  std::string docs;
};
std::string columns(const std::vector<Line>& lines);
/// A text as lines of the help.
std::string paragraph(std::string_view text);

}  // namespace synap::cli

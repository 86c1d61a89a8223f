// Completion: what makes bash, zsh and fish complete the words of this program, made from its own
// commands.
#pragma once

#include "synap/command_line.h"

namespace synap::cli {

/// `program` must outlive the command.
Command completion_command(const Program& program);

}  // namespace synap::cli

// Commands that are made from the table of procedures: `synap tasks create --title X` is a call of
// tasks.create. Its flags, their help and their checks follow from the schema of its input, so that
// a noun which is added to the pod has commands too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synap/catalogue.h"
#include "synap/command_line.h"

namespace synap::cli {

/// One for each query and mutation that has a group: "notes.list" is "notes list". Of all groups,
/// or of the one that `word` names, as a shell has it: "event-types".
std::vector<Command> made_commands(std::string_view word = "");

/// "expectedVersion" as words of a shell are written: "expected-version".
std::string kebab(std::string_view camel);

}  // namespace synap::cli

// MadeExample: an input that a procedure takes, to be shown in its help.
#pragma once

#include <string>

#include "base/json.h"
#include "synap/catalogue.h"

namespace synap::cli {

/// The input that the procedure itself gives as its example; otherwise the least that its schema
/// takes, with the words of its siblings' examples where their fields have the same names: those of
/// its group in `catalogue`. What is updated has one field besides its id, for to change nothing is
/// refused.
Json example_input(const ProcedureInfo& procedure, const Catalogue& catalogue);

/// As a word for the shell, in quotes as it needs them.
std::string shell_quoted(std::string_view text);
/// In quotes only where the shell would take it for something else.
std::string shell_word(const std::string& text);

}  // namespace synap::cli

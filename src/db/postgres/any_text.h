// Any text, as texts of PostgreSQL: these have no NUL, and ours may. A NUL is stored as U+FFFE and
// "0", U+FFFE itself, which is no character, as U+FFFE and "1". Texts that have neither are stored
// as they are, so whoever looks at the tables reads them.
#pragma once

#include <string>
#include <string_view>

namespace synap::db::postgres {

/// As it is stored: `text` itself, or what is put into `changed`.
std::string_view as_stored(std::string_view text, std::string& changed);
/// The other way round.
std::string_view as_given(std::string_view stored, std::string& changed);

}  // namespace synap::db::postgres

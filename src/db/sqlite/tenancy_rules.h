// TenancyRules: what a statement may name while it runs on behalf of one user (Database::read_as).
//
// Everything is closed and little is opened: a statement may read *listed* views, json_each and
// json_tree, and nothing else. A view is listed if its own text calls current_user_id(); a base
// table can be read only by such a view. What a listed view reads is its author's business, so the
// law for authors is short: whoever writes current_user_id() into a view filters by it.
//
// SQLite's authorizer tells which view a read belongs to by a name only, and a common table
// expression passes as a view of its name. So a statement may not give one the name of a listed
// view (`renames_a_view`); within a listed view a common table expression cannot read tables.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace synap::db::sqlite {

/// The names a database has for its users' statements. Belongs to one connection and its thread.
class TenancyRules {
 public:
  /// The listed views, and the tables in which virtual tables (full text) keep what they have.
  /// Names are compared as SQLite does: ASCII letters without their case.
  void set_names(std::set<std::string> views, std::set<std::string> shadow_tables);

  /// The answer for SQLite's authorizer. `view`: on whose behalf it is read, or null. While a
  /// statement runs (`is_running`), virtual tables prepare statements of their own.
  bool allows(int action, const char* first, const char* second, const char* schema,
              const char* view, bool is_running) const;

  /// True if `sql` gives a common table expression the name of a listed view.
  bool renames_a_view(std::string_view sql) const;

 private:
  bool allows_read(const char* table, const char* schema, const char* view, bool is_running) const;

  std::set<std::string> views_;
  std::set<std::string> shadow_tables_;
};

}  // namespace synap::db::sqlite

// Scopes: which part of its user's rights a key carries.
//
// A scope names a group of procedures and what may be done there: "notes:read", "notes:write",
// "notes:*", "*:read", or "*" for everything. A procedure notes.x needs notes:read if it changes
// nothing, else notes:write (rpc::scope_of). What only owners may do, a scope alone gives nobody.
//
// "notes:propose" changes nothing: a command that can be proposed (rpc::Meta::may_be_proposed)
// becomes a proposal, which somebody else accepts. "propose" is a name for "*:propose". Who may
// write may propose as well.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::api {

class Scopes {
 public:
  static constexpr std::size_t kCountMax = 32;
  static constexpr std::size_t kCharactersMax = 64;  // of one of them

  /// Everything.
  Scopes() = default;
  /// Those named; an empty list is everything. kBadRequest names the one that is none.
  static Result<Scopes> parse(std::vector<std::string> names);

  bool is_everything() const { return names_.empty(); }
  /// "*" where it is everything.
  std::vector<std::string> names() const;
  /// Whether a call that needs `scope`, "notes:write", is allowed.
  bool allow(std::string_view scope) const;
  /// Whether all that `others` allow is allowed: so that a key makes none that may more than it.
  bool cover(const Scopes& others) const;

  friend bool operator==(const Scopes&, const Scopes&) = default;

 private:
  std::vector<std::string> names_;  // empty: everything
};

/// Whether `name` is written as a scope is.
bool is_scope(std::string_view name);

}  // namespace synap::api

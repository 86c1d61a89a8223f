// What a proposal would change. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "features/proposals/proposal.h"

namespace synap::features::proposals {

struct FieldDiff {
  std::string field;
  std::optional<RawJson> before;
  std::optional<RawJson> after;
  std::optional<bool> is_cut;
};
const ObjectSchema<FieldDiff>& describe(Type<FieldDiff>);

struct Comparison {
  std::vector<FieldDiff> fields;
  std::optional<std::int64_t> version;  // of the thing, now
};

/// Compares the thing that a proposal is about, as `session` may read it, with what `input` says.
Task<Result<Comparison>> compare(const Rooms& rooms, const api::Session& session,
                                 const Proposal& proposal, const std::string& input);

}  // namespace synap::features::proposals

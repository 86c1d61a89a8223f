// What events.why answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/schema.h"

namespace synap::features::why {

/// One of what led to a version, nearest first. Which members there are depends on its kind.
struct Link {
  std::string kind;  // event, run, step, model, agent, message, actor
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> at;
  std::optional<std::int64_t> position;
  std::optional<std::string> source;
  std::optional<std::string> key;
  std::optional<std::string> text;
  std::optional<std::string> provider;
  std::optional<std::string> answered_by;
  std::optional<std::string> request_hash;
  std::optional<std::vector<std::string>> sources;
  std::optional<std::vector<std::string>> declared_sources = {};
  std::optional<std::string> on_behalf_of;
  std::optional<bool> is_damaged;
  std::optional<bool> is_trusting = {};
  std::optional<std::string> reason = {};
};
const ObjectSchema<Link>& describe(Type<Link>);

struct Why {
  std::vector<Link> links;
  std::string entity_id;
  std::optional<std::string> entity_type;
  std::optional<std::int64_t> version;
  std::optional<bool> is_cut;
};
const ObjectSchema<Why>& describe(Type<Why>);

}  // namespace synap::features::why

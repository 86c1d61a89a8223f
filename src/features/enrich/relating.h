// What a note has to do with what is there: its nearest things are looked for, and a model says
// which of them it is really related to. Private to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agents/graph_run.h"

namespace synap::features::enrich {

/// A thing that search has found for a note.
struct NearThing {
  std::string id;
  std::string type;  // note, task, ...
  std::string title;
  std::string passage;
};
const ObjectSchema<NearThing>& describe(Type<NearThing>);

/// A relation from the note to such a thing.
struct Link {
  std::string to_id;
  std::string type;
  std::string reason;
};
const ObjectSchema<Link>& describe(Type<Link>);

/// Of an answer of a model.
struct Links {
  std::vector<Link> wanted;
  std::int64_t refused = 0;  // that lead to nothing which was found, or are of no type there is
};

/// The things nearest to a note that it has no relation with. None where the agent may not look.
Task<Result<std::vector<NearThing>>> find_near(agents::Node& node, std::string note_id,
                                               std::string text);
/// What is asked of a model, and with which things.
std::string rule_of_links();
std::string as_data(const std::vector<NearThing>& near);
/// The part `links` of what a model is to answer, as JSON Schema.
std::string_view links_schema();
/// Those that lead to things of `near`, one to each and only so many.
Links read_links(const Json& answer, const std::vector<NearThing>& near);
/// Makes them, but for those where there is a relation by now. Those that were made.
Task<Result<std::vector<Link>>> make_links(agents::Node& node, std::string note_id,
                                           std::vector<Link> links);

}  // namespace synap::features::enrich

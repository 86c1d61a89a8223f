// Reading: what a run of an agent has read. A run that has read stored text is *tainted*: somebody
// may have written into it what a model then does. So what a model asks for from there on changes
// nothing by itself, but waits for a person (Guard, Tools::call).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"
#include "schema/schema.h"

namespace synap::agents {

/// Whether changes that a model asks for in a tainted run wait for a person: the setting
/// `agent_guard`, and whether the person trusts what the run reads.
enum class Guard : std::uint8_t {
  kOff,
  kOn,
  kTrusting,  // they wait only where others have spoken, or it is trusted no more (Trust)
};

struct Reading {
  static constexpr std::size_t kIdsMax = 1'000;

  bool is_tainted = false;
  /// Somebody else has spoken than by whose right it was begun: nobody trusts that.
  bool hears_others = false;
  /// Of the things that were read, and of what the run was asked with: so many at most.
  std::vector<std::string> ids = {};

  /// A procedure that reads has answered this: JSON, whose end may have been cut off. It taints,
  /// unless it says that there is nothing.
  void add_answer(std::string_view answer);
  /// What a run begun with `other` knows, too.
  void add(const Reading& other);
};
const ObjectSchema<Reading>& describe(Type<Reading>);

inline const Reading kNothingRead;

/// Of an event that an agent appends: whether its run was tainted by then. So whoever is told by
/// the event, and calls because of it, is known to follow from that (chain.h). Member `tainted` of
/// its metadata; of what nobody but an agent appends.
void set_taint(events::Envelope& envelope, bool is_tainted);
/// Nothing: no agent has appended it, or one of a version that did not say so.
std::optional<bool> taint_of(const events::Event& event);

/// Whether an answer is null, or a page of a list with nothing on it. What is not known to be empty
/// is none: of a note without tags all lists are empty, too.
bool holds_nothing(std::string_view answer);

/// Adds the ids that members of this JSON have whose names end as "id", "entityId" and "noteIds"
/// do, each once, until there are `most`. Texts within it have none, whatever stands in them, nor
/// has what people give names to: properties, and the data of types of their own.
void add_ids(std::string_view json, std::vector<std::string>& ids, std::size_t most);

}  // namespace synap::agents

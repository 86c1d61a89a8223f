// What the commands of every noun take besides its fields: the id of the thing, the version that it
// is expected to have, and an idempotency key. Private to this folder.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "features/noun/noun_parts.h"

namespace synap::features {

struct CommandExtras {
  Uuid id;
  std::optional<std::int64_t> expected_version;
  std::string key;          // of idempotency; empty without one
  std::string fingerprint;  // of what was asked; made only with a key
  std::string batch;        // empty without one
};

/// Takes them out of a command's valid input. kConflict: it has another idempotency key than the
/// header.
Result<CommandExtras> take_extras(const api::Session& session, Json& input);
/// Takes a member out of an object; null if it has none.
Json take(Json& input, std::string_view name);

/// "UpdateTask": an input with an id, to be extended.
UntypedObjectSchema change_input(std::string name);
/// Adds expectedVersion and idempotencyKey.
UntypedObjectSchema& with_extras(UntypedObjectSchema& input);
/// Adds the idempotencyKey alone.
UntypedObjectSchema& with_key(UntypedObjectSchema& input);

/// Where a tag is there twice, the first is kept. Nothing to do for a noun without tags.
void normalize_tags(const NounParts& parts, Json& fields);

/// Aborts where a field names something of another noun that the user does not have.
void check_references(const NounParts& parts, db::Tx& tx, const std::string& user,
                      const Json& fields);

Error other_version(std::int64_t actual);

/// Whether a command may be asked for by whoever may only propose.
enum class Proposable : std::uint8_t { kYes, kNo };

/// Registers a command. `function` is (parts, Session, CommandExtras, Json) ->
/// Task<Result<std::string>>; the input comes to it without the extras.
template <class F>
void add_command(const std::shared_ptr<NounParts>& parts, const std::string& procedure,
                 rpc::Meta meta, const Schema& input, Schema output, F function,
                 Proposable proposable = Proposable::kYes) {
  meta.keeps_idempotency_keys = true;
  meta.may_be_proposed = proposable == Proposable::kYes;
  if (meta.effects != rpc::Effects::kAppends) {
    meta.errors = {{Code::kNotFound, "You have no such " + parts->options.name + "."},
                   {Code::kConflict,
                    "It has not the expectedVersion, or the idempotency key was used for something "
                    "else, or is another than the header's."}};
  } else {
    meta.errors = {{Code::kConflict,
                    "The idempotency key was used for something else, or is another than the "
                    "header's."}};
    const auto& references = parts->options.references;
    if (std::ranges::any_of(references, [](const auto& one) { return one.plural.empty(); })) {
      meta.errors.push_back({Code::kNotFound, "You have no such thing."});
    }
  }
  api::add_untyped(
      parts->rooms.procedures, parts->options.plural + "." + procedure, rpc::Kind::kMutation,
      std::move(meta), input, std::move(output),
      [parts, function](api::Session session, Json asked) -> Task<Result<std::string>> {
        auto extras = take_extras(session, asked);
        if (!extras) co_return fail(extras.error());
        if (parts->options.check) {
          auto checked = parts->options.check(asked);
          if (!checked) co_return fail(checked.error());
        }
        co_return co_await function(parts, std::move(session), std::move(*extras),
                                    std::move(asked));
      });
}

}  // namespace synap::features

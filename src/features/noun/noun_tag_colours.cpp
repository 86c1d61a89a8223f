// The colours of a noun's tags, which their owner gives: one event each, no run, and no new version
// of any thing. A tag that is renamed takes its colour along; where it becomes one with another tag
// that has a colour, that one stays.
#include <fmt/format.h>

#include "features/command.h"
#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

using api::Session;
using events::Event;
using events::EventType;

std::string coloured(const NounParts& parts) {
  return parts.type(parts.options.tags->one + "_colouring", "completed");
}

// The statements of the fold, made once.
struct Fold {
  explicit Fold(std::shared_ptr<NounParts> of) : parts_of(std::move(of)) {
    const auto& parts = *parts_of;
    const auto table = tag_colours_table(parts) + "_data";
    const auto& one = parts.options.tags->one;
    give = fmt::format(
        "INSERT INTO {0}(user_id, {1}, colour) VALUES ($1, $2, $3) "
        "ON CONFLICT(user_id, {1}) DO UPDATE SET colour = $3",
        table, one);
    hand_on = fmt::format(
        "INSERT INTO {0}(user_id, {1}, colour) SELECT user_id, $3, colour FROM {0} "
        "WHERE user_id = $1 AND {1} = $2 ON CONFLICT(user_id, {1}) DO NOTHING",
        table, one);
    take = fmt::format("DELETE FROM {} WHERE user_id = $1 AND {} = $2", table, one);
    colouring = coloured(parts);
    retagging = parts.type("retagging", "requested");
  }

  void operator()(db::Tx& tx, const Event& event) const {
    if (event.is_erased) return;
    auto data = data_of(event, EventType<Json>{event.type});
    if (!data) return tx.abort(data.error());
    const Json& said = **data;
    const auto tag = tag_form(*parts_of, said.string_or("tag", ""));
    if (event.type == colouring) {
      const std::string colour(said.string_or("colour", ""));
      if (colour.empty()) return (void)tx.run(take, event.user_id, tag);
      tx.run(give, event.user_id, tag, colour);
    } else if (event.type == retagging) {
      // The old one keeps its colour as long as things have it.
      const Json* to = said.find("to");
      if (to != nullptr) tx.run(hand_on, event.user_id, tag, tag_form(*parts_of, to->as_string()));
    } else if (said.find("left") == nullptr) {
      tx.run(take, event.user_id, tag);
    }
  }

  std::shared_ptr<NounParts> parts_of;
  std::string give;
  std::string hand_on;
  std::string take;
  std::string colouring;
  std::string retagging;
};

// Whether the tag has this colour already, as far as that is known. What follows the log says it
// once it has all that the caller did before; what others do at the same time may come after it.
Task<Result<bool>> is_so(const NounParts& parts, const Session& session, const Json& input) {
  const auto table = tag_colours_table(parts);
  if (!co_await parts.rooms.projections.settled(table, session.user_id())) co_return false;
  co_return co_await parts.rooms.database.read([&](db::Tx& tx) {
    const auto& tag = input.find("tag")->as_string();
    const Json& wanted = *input.find("colour");
    auto rows = tx.query(fmt::format("SELECT colour FROM {}_data WHERE user_id = $1 AND {} = $2",
                                     table, parts.options.tags->one),
                         session.user_id(), tag);
    if (!rows.next()) return wanted.is_null();
    return wanted.is_string() && rows.view(0) == wanted.as_string();
  });
}

Task<Result<std::string>> colour(std::shared_ptr<NounParts> parts, Session session, Json input) {
  input.set("tag", tag_form(*parts, input.find("tag")->as_string()));
  auto same = co_await is_so(*parts, session, input);
  if (!same) co_return fail(same.error());
  if (*same) co_return input.dump();
  const auto id = parts->rooms.types.world().new_id();
  auto envelope = requested_by(session, id, id, parts->options.tags->one);
  envelope.starts_stream = true;
  auto event =
      parts->rooms.types.make(EventType<Json>{coloured(*parts)}, input, std::move(envelope));
  if (!event) co_return fail(event.error());
  events::Append append;
  append.events.push_back(*std::move(event));
  auto appended = co_await parts->rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  co_return input.dump();
}

}  // namespace

// Names, not values: who shows them has a shade of each that can be read on its background.
Schema tag_colour_schema() {
  return one_of(
      {"red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "grey"});
}

std::string tag_colours_table(const NounParts& parts) {
  return fmt::format("{}_{}_colours", parts.options.name, parts.options.tags->one);
}

void add_tag_colours(const std::shared_ptr<NounParts>& parts) {
  const auto& tags = *parts->options.tags;
  auto said = object(parts->title("TagColoured"));
  said.field("tag", string())
      .field("colour", nullable(tag_colour_schema()), "null: none any more.");
  parts->rooms.types.add(coloured(*parts), said,
                         fmt::format("A {} has another colour, or none.", tags.one),
                         {.needs_aggregate = true});
  std::vector<std::string> types = {coloured(*parts)};
  if (parts->options.text) {
    for (const auto* suffix : {"requested", "completed"}) {
      types.push_back(parts->type("retagging", suffix));
    }
  }
  // Behind the log: a renaming is about two tags.
  parts->rooms.projections.add({.name = tag_colours_table(*parts),
                                .kind = projections::Projection::Kind::kFollower,
                                .tables = {{.name = tag_colours_table(*parts),
                                            .columns = {{"user_id"}, {tags.one}, {"colour"}},
                                            .primary_key = {"user_id", tags.one}}},
                                .types = std::move(types),
                                .revision = 2,  // names in NFC
                                .fold = Fold(parts)});
  auto input = object("Colour" + capital(tags.one));
  input.field("tag", tag_schema(*parts), "Exactly as it is.")
      .field("colour", nullable(tag_colour_schema()), "null takes it away.");
  auto output = object(capital(tags.one) + "Colour");
  output.field("tag", string()).field("colour", nullable(tag_colour_schema()));
  api::add_untyped(
      parts->rooms.procedures, tags.field + ".colour", rpc::Kind::kMutation,
      {.summary =
           fmt::format("Give a {} a colour, by which it is known where it is shown.", tags.one),
       .docs = fmt::format("No {} changes. A {} that is renamed takes its colour along, unless the "
                           "other one has a colour. One that nothing has has it when it is used.",
                           parts->options.name, tags.one),
       .effects = rpc::Effects::kIdempotent,
       .examples = {{R"({"tag":"home","colour":"green"})", ""}},
       .appends = {coloured(*parts)},
       .reach = rpc::Reach::kPod},
      input, output, [parts](Session session, Json asked) {
        return colour(parts, std::move(session), std::move(asked));
      });
}

}  // namespace synap::features

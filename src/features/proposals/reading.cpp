// proposals.list and proposals.get.
#include <fmt/format.h>

#include <charconv>

#include "features/procedures.h"
#include "features/proposals/diff.h"
#include "features/proposals/proposal.h"

namespace synap::features::proposals {
namespace {

using api::Session;

// More are not counted: a list is no statistics.
constexpr std::int64_t kCountedMax = 10'000;

struct List {
  std::optional<std::string> status;
  std::optional<std::string> cursor;
  std::int64_t limit = 50;
};
const ObjectSchema<List>& describe(Type<List>) {
  static const auto schema = object<List>("ListProposals")
                                 .field("status", &List::status,
                                        one_of({"open", "accepting", "accepted", "failed",
                                                "rejected", "withdrawn", "expired"}))
                                 .field("cursor", &List::cursor, string().min(1).max(32),
                                        "The nextCursor of the page before.")
                                 .field_or("limit", &List::limit, integer().min(1).max(100), 50);
  return schema;
}

struct ProposalList {
  std::vector<Proposal> proposals;
  std::int64_t total = 0;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<ProposalList>& describe(Type<ProposalList>) {
  static const auto schema =
      object<ProposalList>("ProposalList")
          .field("proposals", &ProposalList::proposals, array(schema_of<Proposal>()),
                 "The newest first.")
          .field("total", &ProposalList::total, integer().min(0),
                 "Of all pages; at most 10,000 are counted.")
          .field("nextCursor", &ProposalList::next_cursor, string(), "Absent on the last page.");
  return schema;
}

// A condition on rows: $1 is the status of the row, $2 the time now. All of them name both. A
// number alone is an int4 to PostgreSQL, which a time is not.
std::string_view condition_of(const std::optional<std::string>& status) {
  if (!status) return "($1 = '' AND $2 >= CAST(0 AS BIGINT))";
  if (*status == kOpen) return "status = $1 AND expires_at > $2";
  if (*status == kExpired) return "status = $1 AND expires_at <= $2";
  return "status = $1 AND $2 >= CAST(0 AS BIGINT)";
}

Result<std::int64_t> position_of(const std::optional<std::string>& cursor) {
  if (!cursor) return INT64_MAX;
  std::int64_t position = 0;
  const auto* end = cursor->data() + cursor->size();
  const auto read = std::from_chars(cursor->data(), end, position);
  if (read.ec == std::errc{} && read.ptr == end && position >= 0) return position;
  return fail(Code::kBadRequest, "cursor: give the nextCursor of the page before, as it is");
}

Task<Result<ProposalList>> list(const Rooms& rooms, Session session, List input) {
  auto before = position_of(input.cursor);
  if (!before) co_return fail(before.error());
  const auto now = rooms.types.world().unix_ms();
  const auto condition = condition_of(input.status);
  const std::string stored(input.status == kExpired ? kOpen : input.status.value_or(""));
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    ProposalList page;
    {
      auto rows = tx.query(fmt::format("SELECT count(*) FROM (SELECT 1 FROM proposals WHERE {} "
                                       "LIMIT $3) AS counted",
                                       condition),
                           stored, now, kCountedMax);
      if (rows.next()) page.total = rows.integer(0);
    }
    auto rows = tx.query(fmt::format("SELECT {} FROM proposals WHERE {} AND position < $3 ORDER BY "
                                     "position DESC LIMIT $4",
                                     kColumns, condition),
                         stored, now, *before, input.limit + 1);
    while (rows.next()) {
      if (static_cast<std::int64_t>(page.proposals.size()) == input.limit) {
        page.next_cursor = std::to_string(page.proposals.back().position);
        break;
      }
      page.proposals.push_back(read(rows, now));
    }
    return page;
  });
}

struct Get {
  std::string id;
};
const ObjectSchema<Get>& describe(Type<Get>) {
  static const auto schema = object<Get>("GetProposal").field("id", &Get::id, string().uuid());
  return schema;
}

struct Whole : Proposal {
  RawJson input;
  std::optional<RawJson> edited_input;
  std::optional<RawJson> result;
  std::optional<RawJson> error;
  std::vector<FieldDiff> diff;
  std::optional<std::int64_t> version;
  bool is_conflict = false;
};
const ObjectSchema<Whole>& describe(Type<Whole>) {
  static const auto schema = [] {
    auto whole = object<Whole>("WholeProposal");
    add_shown_fields(whole);
    auto result = object("ProposalResult");
    result.field("entityId", optional(string().uuid()), "What the call was about.")
        .field("requestId", optional(string().uuid()),
               "Of the call: requests.get tells what came of it.")
        .field("result", any(), "Its answer.");
    auto error = object("ProposalError");
    error.field("name", string(), "As \"CONFLICT\".").field("message", string());
    whole.field("input", &Whole::input, record(any()), "Of the call.")
        .field("editedInput", &Whole::edited_input, record(any()),
               "With which it was accepted instead.")
        .field("result", &Whole::result, result, "Of an accepted one.")
        .field("error", &Whole::error, error, "Why the call was refused.")
        .field("diff", &Whole::diff, array(schema_of<FieldDiff>()),
               "What it would change, as it was proposed: fields that stay as they are are left "
               "out. Without `before` where your key may not read the thing.")
        .field("version", &Whole::version, integer().min(1),
               "Of the thing, now. Absent: it is none, or gone.")
        .field("isConflict", &Whole::is_conflict, boolean(),
               "The thing has changed since this was proposed: accepted, it would be refused.");
    return whole;
  }();
  return schema;
}

std::optional<RawJson> raw(std::optional<std::string> text) {
  if (!text) return std::nullopt;
  return RawJson{std::move(*text)};
}

Task<Result<Whole>> get(const Rooms& rooms, Session session, Get input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  const auto now = rooms.types.world().unix_ms();
  auto found = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    Whole whole;
    auto rows =
        tx.query(fmt::format("SELECT {}, input, edited, result, error FROM proposals WHERE id = $1",
                             kColumns),
                 id);
    if (!rows.next()) {
      tx.abort(no_such());
      return whole;
    }
    static_cast<Proposal&>(whole) = read(rows, now);
    whole.input = {rows.text(kColumnCount)};
    whole.edited_input = raw(rows.optional_text(kColumnCount + 1));
    whole.result = raw(rows.optional_text(kColumnCount + 2));
    whole.error = raw(rows.optional_text(kColumnCount + 3));
    return whole;
  });
  if (!found) co_return fail(found.error());
  auto compared = co_await compare(rooms, session, *found, found->input.text);
  if (!compared) co_return fail(compared.error());
  found->diff = std::move(compared->fields);
  found->version = compared->version;
  found->is_conflict =
      found->status == kOpen && found->base_version && compared->version != found->base_version;
  co_return found;
}

}  // namespace

void add_reading(const Rooms& rooms) {
  add_query(rooms, "proposals.list", {.summary = "What was proposed.", .reach = rpc::Reach::kPod},
            list);
  add_query(rooms, "proposals.get",
            {.summary = "One proposal, with what it would change.",
             .errors = {{Code::kNotFound, "You have no such proposal."}},
             .reach = rpc::Reach::kPod},
            get);
}

}  // namespace synap::features::proposals

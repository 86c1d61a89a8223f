#include "features/requests/requests.h"

#include <algorithm>
#include <iterator>

#include "events/damage.h"
#include "features/events/events.h"
#include "features/procedures.h"

namespace synap::features::requests {
namespace {

constexpr std::string_view kCompleted = ".completed";

using api::Session;

// The events of one command: its own, what its runs appended, and retries. More than this many
// would be a loop.
constexpr int kEventsMax = 1'000;
// A page is 2 MiB of data at most, or what could be read in its time; these few have all.
constexpr int kPagesMax = 8;

struct GetRequest {
  std::string request_id;
};
const ObjectSchema<GetRequest>& describe(Type<GetRequest>) {
  static const auto schema =
      object<GetRequest>("GetRequest").field("requestId", &GetRequest::request_id, string().uuid());
  return schema;
}

struct RequestError {
  std::string name;
  std::string message;
};
const ObjectSchema<RequestError>& describe(Type<RequestError>) {
  static const auto schema = object<RequestError>("RequestError")
                                 .field("name", &RequestError::name, string(), "As \"NOT_FOUND\".")
                                 .field("message", &RequestError::message);
  return schema;
}

struct Request {
  std::string request_id;
  std::string status = "pending";
  std::string type;
  std::optional<std::string> entity_id;
  std::optional<RequestError> error;
  std::vector<RawJson> events;
};
const ObjectSchema<Request>& describe(Type<Request>) {
  static const auto schema =
      object<Request>("Request")
          .field("requestId", &Request::request_id, string().uuid())
          .field("status", &Request::status, one_of({"pending", "completed", "failed"}))
          .field("type", &Request::type, string(), "Of the command's event.")
          .field("entityId", &Request::entity_id, string().uuid(), "What it is about.")
          .field("error", &Request::error, schema_of<RequestError>(), "Why it failed.")
          .field("events", &Request::events, array(event_views::synap_event_schema()),
                 "The command's event and all that followed from it.");
  return schema;
}

// All of them: how a request has ended stands in its last ones, and a page may end before them.
Task<Result<std::vector<events::EventRef>>> events_of(const Rooms& rooms, const Session& session,
                                                      std::optional<Uuid> request) {
  events::Filter filter;
  filter.request_id = request;
  std::vector<events::EventRef> all;
  for (int count = 0; count < kPagesMax; ++count) {
    filter.limit = kEventsMax - static_cast<int>(all.size());
    auto page = co_await rooms.log.read(session.tenancy(), filter);
    if (!page) co_return fail(page.error());
    std::ranges::move(page->events, std::back_inserter(all));
    if (page->is_at_end || all.size() >= kEventsMax) co_return all;
    filter.after = page->next_after;
  }
  co_return fail(Code::kServiceUnavailable,
                 "The events of this request could not all be read; try again in a moment");
}

Task<Result<Request>> get(const Rooms& rooms, Session session, GetRequest input) {
  const auto id = Uuid::parse(input.request_id);
  const auto all = co_await events_of(rooms, session, id);
  if (!all) co_return fail(all.error());
  if (all->empty()) co_return fail(Code::kNotFound, "There is no such request");

  const auto& first = *all->front();
  Request request;
  request.request_id = input.request_id;
  request.type = first.type;
  if (first.aggregate_id) request.entity_id = first.aggregate_id->to_string();
  const auto failed_type = events::failed_type_of(first.type);
  auto completed_type =
      failed_type.substr(0, failed_type.size() - std::string_view(".failed").size());
  completed_type += kCompleted;
  for (const auto& event : *all) {
    request.events.push_back({rooms.types.shown(event)->json()});
    // A run that was given up can be tried again, and then be done; what was done stays done, also
    // where its run was cancelled before it had ended.
    // A command that is done at once may say so with its only event.
    const bool is_done_at_once = event == all->front() && event->type.ends_with(kCompleted);
    if (event->type == completed_type || is_done_at_once) {
      request.status = "completed";
      request.error.reset();
    } else if (event->type == failed_type && request.status != "completed") {
      request.status = "failed";
      if (event->is_damaged()) {
        request.error = RequestError{"", events::damaged(*event).message};
        continue;
      }
      auto data = parse_json(event->data);
      if (!data) continue;
      request.error = RequestError{std::string(data->string_or("name", "")),
                                   std::string(data->string_or("message", ""))};
    }
  }
  co_return request;
}

}  // namespace

void add(const Rooms& rooms) {
  add_query(rooms, "requests.get",
            {.summary = "What became of a command: pending, completed or failed.",
             .errors = {{Code::kNotFound, "You made no such request."},
                        {Code::kServiceUnavailable, "Its events could not all be read now."}},
             .reach = rpc::Reach::kPod},
            get);
}

}  // namespace synap::features::requests

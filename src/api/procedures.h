// How a feature writes a procedure: a C++ function from a described input to a described output.
//
//   add_query<GetNote, NoteWithContent>(table, "notes.get", {.summary = "One note with its text."},
//       [this](Session session, GetNote input) -> Task<Result<NoteWithContent>> { ... });
//
// Rights, validation and encoding are done here, once, in this order: who acts and may he, then
// what he sends, then the feature. Where he may only propose it is not the feature that follows,
// but Authority::propose(). Each call is counted here too, whatever protocol it came by.
// Keys of an input that its schema does not know are told to whoever made the call
// (rpc::Call::unknown_keys), or refused.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "api/actor.h"
#include "api/call_timer.h"
#include "rpc/procedure.h"
#include "schema/schema.h"

namespace synap::api {

/// An object whose fields may all be absent may be absent itself: `client.notes.list.query()`.
inline bool may_be_absent(const Schema& input) {
  if (input.kind() != SchemaKind::kObject) return false;
  for (const auto& field : input.node().fields) {
    if (field.presence == SchemaField::Presence::kRequired) return false;
  }
  return true;
}
inline Schema input_schema(const Schema& input) {
  return may_be_absent(input) ? Schema(optional(input)) : input;
}

namespace procedures_detail {

/// Where the keys that an input's schema does not know go: to whoever made the call.
class UnknownKeysOf {
 public:
  UnknownKeysOf(const Session& session, const rpc::Call& call)
      : keys_(call.unknown_keys != nullptr ? *call.unknown_keys : unheard_) {
    keys_.are_refused = session.refuses_unknown_keys;
  }
  UnknownKeys& keys() { return keys_; }

 private:
  UnknownKeys unheard_;
  UnknownKeys& keys_;
};

template <class In>
Result<In> input_of(const Session& session, rpc::Call& call) {
  if (call.input.form || call.input.bytes) {
    return fail(Code::kUnsupportedMediaType, "This procedure takes JSON (application/json)");
  }
  static const bool is_optional = may_be_absent(schema_of<In>());
  if (!call.input.json && is_optional) call.input.json = Json::object();
  return decode<In>(std::move(call.input.json), UnknownKeysOf(session, call).keys());
}

template <class Out>
rpc::Text text_of(const Out& value) {
  std::string text;
  encode(text, value);
  return text;
}

inline Task<Result<rpc::Reply>> refused(Error error) {
  co_return fail(std::move(error));
}

/// Puts the decision who may call before `function`, a callable (Session, rpc::Call, CallTimer) ->
/// Task<Result<rpc::Reply>>, which tells the timer how the call ends. No coroutine of its own:
/// every call would pay for its frame.
template <class F>
rpc::Procedure guarded(rpc::Procedure procedure, F function) {
  procedure.meter = std::make_shared<rpc::CallMeter>();
  procedure.handler = [requirement = requirement_of(procedure), meter = procedure.meter,
                       path = procedure.path, function = std::move(function)](rpc::Call call) {
    CallTimer timer(*meter, path, call);
    auto session = admit(call, requirement);
    if (!session) return refused(timer.failed(std::move(session.error())));
    if (session->trace.is_sampled) timer.set_trace(session->trace);
    return function(std::move(*session), std::move(call), std::move(timer));
  };
  return procedure;
}

template <class In, class Out, class F>
rpc::Procedure procedure(std::string path, rpc::Kind kind, rpc::Meta meta, F function,
                         Schema output) {
  SYNAP_CHECK(!meta.may_be_proposed, "what may be proposed is added by add_untyped()");
  return guarded({.path = std::move(path),
                  .kind = kind,
                  .input = input_schema(schema_of<In>()),
                  .output = std::move(output),
                  .meta = std::move(meta)},
                 [function = std::move(function)](Session session, rpc::Call call,
                                                  CallTimer timer) -> Task<Result<rpc::Reply>> {
                   if (session.caused_by) {
                     auto found = co_await find_cause(session);
                     if (!found) co_return fail(timer.failed(std::move(found.error())));
                   }
                   Result<Out> out = Result<Out>(std::unexpect, Error{});
                   if constexpr (std::is_void_v<In>) {
                     out = co_await function(std::move(session));
                   } else {
                     auto input = input_of<In>(session, call);
                     if (!input) co_return fail(timer.failed(std::move(input.error())));
                     out = co_await function(std::move(session), std::move(*input));
                   }
                   if (!out) co_return fail(timer.failed(std::move(out.error())));
                   timer.succeeded();
                   if constexpr (std::is_void_v<Out>) {
                     co_return rpc::Reply(rpc::Text{});
                   } else {
                     co_return rpc::Reply(text_of(*out));
                   }
                 });
}

}  // namespace procedures_detail

template <class In, class Out, class F>
void add_query(rpc::ProcedureTable& table, std::string path, rpc::Meta meta, F function,
               Schema output = schema_of<Out>()) {
  table.add(procedures_detail::procedure<In, Out>(
      std::move(path), rpc::Kind::kQuery, std::move(meta), std::move(function), std::move(output)));
}

template <class In, class Out, class F>
void add_mutation(rpc::ProcedureTable& table, std::string path, rpc::Meta meta, F function) {
  table.add(procedures_detail::procedure<In, Out>(std::move(path), rpc::Kind::kMutation,
                                                  std::move(meta), std::move(function),
                                                  schema_of<Out>()));
}

/// A procedure whose input and output are described by schemas made at run time. `function` is
/// (Session, Json) -> Task<Result<std::string>>: of a valid input, the JSON text of the output. It
/// is not called where the caller may only propose (rpc::Meta::may_be_proposed).
template <class F>
void add_untyped(rpc::ProcedureTable& table, std::string path, rpc::Kind kind, rpc::Meta meta,
                 const Schema& input, Schema output, F function) {
  auto name = path;
  table.add(procedures_detail::guarded(
      {.path = std::move(path),
       .kind = kind,
       .input = input_schema(input),
       .output = std::move(output),
       .meta = std::move(meta)},
      [function = std::move(function), input, name = std::move(name)](
          Session session, rpc::Call call, CallTimer timer) -> Task<Result<rpc::Reply>> {
        if (session.caused_by) {
          auto found = co_await find_cause(session);
          if (!found) co_return fail(timer.failed(std::move(found.error())));
        }
        if (call.input.form || call.input.bytes) {
          co_return fail(timer.failed(
              {Code::kUnsupportedMediaType, "This procedure takes JSON (application/json)"}));
        }
        if (!call.input.json && may_be_absent(input)) call.input.json = Json::object();
        auto valid = validate(input, std::move(call.input.json),
                              &procedures_detail::UnknownKeysOf(session, call).keys());
        if (!valid) co_return fail(timer.failed(std::move(valid.error())));
        Result<std::string> out = Result<std::string>(std::unexpect, Error{});
        if (session.proposes) {
          out = co_await session.authority->propose(session, name, std::move(**valid));
        } else {
          out = co_await function(std::move(session), std::move(**valid));
        }
        if (!out) co_return fail(timer.failed(std::move(out.error())));
        timer.succeeded();
        co_return rpc::Reply(rpc::Text(std::move(*out)));
      }));
}

/// `output` where the type alone does not say it (RawJson). `function` is (Session, In) ->
/// rpc::Items whose items carry ids; `Item` describes their data.
template <class In, class Item, class F>
void add_subscription(rpc::ProcedureTable& table, std::string path, rpc::Meta meta, F function,
                      Schema item = schema_of<Item>()) {
  auto name = path;
  table.add(procedures_detail::guarded(
      {.path = std::move(path),
       .kind = rpc::Kind::kSubscription,
       .input = input_schema(schema_of<In>()),
       .output = std::move(item),
       .is_tracked = true,
       .meta = std::move(meta)},
      [function = std::move(function), name = std::move(name)](
          Session session, rpc::Call call, CallTimer timer) -> Task<Result<rpc::Reply>> {
        if (session.caused_by) {
          auto found = co_await find_cause(session);
          if (!found) co_return fail(timer.failed(std::move(found.error())));
        }
        auto input = procedures_detail::input_of<In>(session, call);
        if (!input) co_return fail(timer.failed(std::move(input.error())));
        auto begin = [&function, input = std::move(*input)](Session session) mutable {
          return function(std::move(session), std::move(input));
        };
        co_return rpc::Reply(while_authorized(std::move(session), std::move(begin), name,
                                              timer.answered_with_stream()));
      }));
}

}  // namespace synap::api

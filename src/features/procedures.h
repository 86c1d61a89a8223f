// How a feature offers a function of its own as a procedure: input and output follow from it.
//
//   add_query(rooms, "runs.get", {.summary = "One run with the steps that are done."}, get);
#pragma once

#include <string>
#include <utility>

#include "api/procedures.h"
#include "features/rooms.h"

namespace synap::features {

// `rooms` must outlive the procedures. `output` is given where the type alone does not say it.

template <class In, class Out>
void add_query(const Rooms& rooms, std::string path, rpc::Meta meta,
               Task<Result<Out>> (*function)(const Rooms&, api::Session, In),
               Schema output = schema_of<Out>()) {
  api::add_query<In, Out>(
      rooms.procedures, std::move(path), std::move(meta),
      [&rooms, function](api::Session session, In input) {
        return function(rooms, std::move(session), std::move(input));
      },
      std::move(output));
}
template <class Out>
void add_query(const Rooms& rooms, std::string path, rpc::Meta meta,
               Task<Result<Out>> (*function)(const Rooms&, api::Session)) {
  api::add_query<void, Out>(
      rooms.procedures, std::move(path), std::move(meta),
      [&rooms, function](api::Session session) { return function(rooms, std::move(session)); });
}
template <class In, class Out>
void add_mutation(const Rooms& rooms, std::string path, rpc::Meta meta,
                  Task<Result<Out>> (*function)(const Rooms&, api::Session, In)) {
  api::add_mutation<In, Out>(rooms.procedures, std::move(path), std::move(meta),
                             [&rooms, function](api::Session session, In input) {
                               return function(rooms, std::move(session), std::move(input));
                             });
}
template <class Out>
void add_mutation(const Rooms& rooms, std::string path, rpc::Meta meta,
                  Task<Result<Out>> (*function)(const Rooms&, api::Session)) {
  api::add_mutation<void, Out>(
      rooms.procedures, std::move(path), std::move(meta),
      [&rooms, function](api::Session session) { return function(rooms, std::move(session)); });
}

}  // namespace synap::features

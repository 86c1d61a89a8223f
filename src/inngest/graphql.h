// Graphql: the queries by which tools of Inngest's look at events and runs (POST /v0/gql), as its
// development server answers them.
//
//   run(runID)                        FunctionRunV2, with its trace: a span for each step
//   runTraceSpanOutputByID(outputID)  what a span of a trace has come to
//   eventV2(id), event(query)         an event and its runs
//   events(query), stream(query)      the newest events, and their runs
//
// Another field is an error that names it. What is told is the asker's.
#pragma once

#include <string>

#include "base/json.h"
#include "base/task.h"
#include "inngest/asker.h"
#include "inngest/graphql_query.h"
#include "inngest/history.h"

namespace synap::inngest {

class Graphql {
 public:
  static constexpr int kEventsMax = 100;

  /// Both must outlive it.
  Graphql(workers::Engine& engine, History& history) : engine_(engine), history_(history) {}

  /// Of a request's body, {"query","variables"?,"operationName"?}: the answer's "data". Errors of
  /// read_graphql and take_fields; kNotFound: what was asked for is not there.
  Task<Result<Json>> answer(Json body, const Asker& asker);

 private:
  Task<Result<Json>> resolve(const GraphqlField& field, const Asker& asker);
  Task<Result<Json>> run(const GraphqlField& field, const Asker& asker);
  Task<Result<Json>> output(const GraphqlField& field, const Asker& asker);
  Task<Result<Json>> event(const GraphqlField& field, const std::string& id, const Asker& asker);
  Task<Result<Json>> events(const GraphqlField& field, const Asker& asker);
  Task<Result<Json>> shown(const GraphqlField& field, const events::Event& event,
                           const Asker& asker);
  Task<Result<Json>> shown_run(const GraphqlField& field, const History::Run& run,
                               const events::Event& event);
  Task<Result<Json>> trace(const History::Run& run);

  workers::Engine& engine_;
  History& history_;
};

}  // namespace synap::inngest

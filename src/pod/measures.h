// Measures: what is measured of a pod, by the names under which Prometheus knows it
// (docs/operations.md). Each is counted where it happens; here they are only given their names.
#pragma once

#include <cstdint>
#include <optional>

#include "api/front.h"
#include "api/keys.h"
#include "base/metrics.h"
#include "bus/function.h"
#include "bus/job_store.h"
#include "bus/queue.h"
#include "db/engine.h"
#include "events/log.h"
#include "net/server.h"
#include "pod/data_directory.h"
#include "pod/inngest_bus.h"
#include "projections/projections.h"
#include "rpc/procedure.h"
#include "search/search.h"
#include "workers/admission.h"
#include "workers/run_pruner.h"

namespace synap::pod {

/// Whom to ask.
struct Measured {
  const rpc::ProcedureTable& procedures;
  const api::Keys& keys;
  const api::Front& front;
  const net::HttpServer& server;
  const db::Engine& database;
  const bus::JobStore& jobs;
  const bus::Queue& queue;
  const bus::Functions& functions;
  const workers::Admission& admission;
  const workers::RunPruner& pruner;
  const projections::Projections& projections;
  const search::Search& search;
  events::EventLog& log;
  const DataDirectory& directory;
  const InngestBus* inngest_bus = nullptr;  // if there is an Inngest server
};

/// Adds the families of a pod and of its process. All of `measured` must outlive `metrics`. None of
/// them reads the database or waits, so that they can be had while it cannot be reached.
void add_measures(Metrics& metrics, const Measured& measured);

/// Those of the process, as every client library of Prometheus calls them.
void add_process_measures(Metrics& metrics);
/// The memory that the process has of the machine. Nothing: the machine does not say.
std::optional<std::int64_t> resident_bytes();

}  // namespace synap::pod

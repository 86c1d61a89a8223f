#include "pod/measures.h"

#include <array>
#include <functional>
#include <map>

#include "base/io_errors.h"

namespace synap::pod {
namespace {

using Type = Metrics::Type;
using bus::FunctionMeter;
using bus::FunctionMeters;

double real(std::integral auto value) {
  return static_cast<double>(value);
}

void add_calls_of(Samples& samples, std::string_view procedure, const rpc::CallMeter& meter) {
  samples.add({{"procedure", procedure}, {"code", "OK"}}, real(meter.calls({})));
  for (int i = 0; i < kCodeCount; ++i) {
    const auto code = static_cast<Code>(i);
    // Of 21 codes a procedure knows few.
    if (meter.calls(code) == 0) continue;
    samples.add({{"procedure", procedure}, {"code", info(code).name}}, real(meter.calls(code)));
  }
}

void add_calls(Metrics& metrics, const rpc::ProcedureTable& procedures) {
  metrics.add("synap_calls_total", Type::kCounter,
              "Calls that have ended, by procedure and code (OK, or that of the error).",
              [&procedures](Samples& samples) {
                for (const auto* procedure : procedures.all()) {
                  if (procedure->meter == nullptr) continue;
                  add_calls_of(samples, procedure->path, *procedure->meter);
                }
                add_calls_of(samples, "none", procedures.meter_of_none());
              });
  metrics.add("synap_call_duration_seconds", Type::kHistogram,
              "From a call's admission to its end, the commit included; of a subscription, to the "
              "begin of its stream.",
              [&procedures](Samples& samples) {
                for (const auto* procedure : procedures.all()) {
                  if (procedure->meter == nullptr) continue;
                  samples.add({{"procedure", procedure->path}}, procedure->meter->latency());
                }
              });
  metrics.add("synap_streams_open", Type::kGauge, "Subscriptions that are being watched.",
              [&procedures](Samples& samples) {
                for (const auto* procedure : procedures.all()) {
                  if (procedure->meter == nullptr) continue;
                  if (procedure->kind != rpc::Kind::kSubscription) continue;
                  samples.add({{"procedure", procedure->path}}, real(procedure->meter->streams()));
                }
              });
}

void add_server(Metrics& metrics, const Measured& measured) {
  metrics.add("synap_http_responses_total", Type::kCounter,
              "Answers to HTTP requests by the class of their status; 1xx are WebSockets.",
              [&server = measured.server](Samples& samples) {
                constexpr std::array<std::string_view, 6> kClasses = {"",    "1xx", "2xx",
                                                                      "3xx", "4xx", "5xx"};
                const auto now = server.statistics();
                for (std::size_t i = 1; i < kClasses.size(); ++i) {
                  samples.add({{"class", kClasses[i]}}, real(now.responses[i]));
                }
              });
  metrics.add("synap_http_connections", Type::kGauge,
              "Open connections, by whether their caller is known.",
              [&server = measured.server](Samples& samples) {
                const auto now = server.statistics();
                // The two are of different moments.
                const auto strangers = std::min(now.strangers, now.connections);
                samples.add({{"caller", "known"}}, real(now.connections - strangers));
                samples.add({{"caller", "stranger"}}, real(strangers));
              });
  metrics.add("synap_accept_errors_total", Type::kCounter,
              "How often the system had no socket for a connection.",
              [&server = measured.server] { return real(server.statistics().accept_failures); });
  metrics.add("synap_http_in_flight_bytes", Type::kGauge,
              "Bytes of requests and messages that are on their way or being carried out.",
              [&server = measured.server] { return real(server.statistics().bytes_in_flight); });
  metrics.add("synap_refused_keys_total", Type::kCounter, "API keys that were not valid.",
              [&keys = measured.keys] { return real(keys.refused()); });
  metrics.add("synap_refused_hosts_total", Type::kCounter,
              "Requests for a host that is not the pod's.",
              [&front = measured.front] { return real(front.hosts_refused()); });
  metrics.add("synap_refused_origins_total", Type::kCounter,
              "Pages of other origins that wanted to open a WebSocket or to send a form.",
              [&front = measured.front] { return real(front.origins_refused()); });
}

void add_io_errors(Metrics& metrics) {
  metrics.add("synap_io_errors_total", Type::kCounter,
              "What the disk would not do, by who asked and what is wrong.", [](Samples& samples) {
                for (int s = 0; s < kStoreCount; ++s) {
                  for (int f = 1; f < kFaultCount; ++f) {
                    const auto store = static_cast<Store>(s);
                    const auto fault = static_cast<Fault>(f);
                    samples.add({{"store", store_name(store)}, {"fault", fault_name(fault)}},
                                real(io_errors(store, fault).value()));
                  }
                }
              });
}

// A family whose only sample is read from the statistics of the database.
template <class Read>
void add_of_database(Metrics& metrics, const db::Engine& database, std::string name, Type type,
                     std::string help, Read read) {
  metrics.add(std::move(name), type, std::move(help),
              [&database, read] { return static_cast<double>(read(database.statistics())); });
}

void add_database(Metrics& metrics, const db::Engine& database) {
  using db::Statistics;
  const auto add = [&](std::string name, Type type, std::string help, auto read) {
    add_of_database(metrics, database, std::move(name), type, std::move(help), read);
  };
  const auto add_spread = [&](std::string name, std::string help,
                              const Histogram db::Spread::* histogram) {
    metrics.add(std::move(name), Type::kHistogram, std::move(help),
                [&spread = database.spread(), histogram](Samples& samples) {
                  samples.add({}, spread.*histogram);
                });
  };
  add_spread("synap_database_commit_seconds", "Of a commit, its sync included.",
             &db::Spread::commit_time);
  add_spread("synap_database_commit_writes", "Writes that went into one commit.",
             &db::Spread::group_closures);
  if (database.statistics().log_of_changes) {
    add_spread("synap_database_sync_seconds", "Of the sync of a commit.", &db::Spread::sync_time);
    add("synap_database_checkpoints_total", Type::kCounter,
        "How often the log of changes (WAL) was moved into the database.",
        [](const Statistics& now) { return now.log_of_changes->checkpoints; });
    add("synap_database_wal_bytes", Type::kGauge, "The file of the log of changes (WAL).",
        [](const Statistics& now) { return now.log_of_changes->bytes; });
  } else {
    add("synap_database_round_trips_total", Type::kCounter,
        "How often whoever writes has waited for an answer of the server.",
        [](const Statistics& now) { return now.round_trips; });
  }
  metrics.add("synap_database_waiting", Type::kGauge, "Writes and reads that wait for their turn.",
              [&database](Samples& samples) {
                const auto now = database.statistics();
                samples.add({{"for", "write"}}, real(now.waiting_writes));
                samples.add({{"for", "read"}}, real(now.waiting_reads));
              });
}

// A family with samples of each function that has a meter.
template <class Add>
void add_by_function(Metrics& metrics, const bus::Functions& functions, std::string name, Type type,
                     std::string help, Add add) {
  metrics.add(std::move(name), type, std::move(help), [&functions, add](Samples& samples) {
    for (const auto& [id, meter] : functions.meters()) add(samples, id, *meter);
  });
}

struct Outcome {
  std::string_view name;
  const Counter& count;
};
void add_outcomes(Samples& samples, std::string_view function,
                  std::initializer_list<Outcome> outcomes) {
  for (const auto& [name, count] : outcomes) {
    samples.add({{"function", function}, {"outcome", name}}, real(count.value()));
  }
}

// Under the names of the meters, so that there are no more labels than those.
void add_loads(Samples& samples, const bus::Functions& functions, const bus::Queue& queue) {
  std::map<std::string, bus::Queue::Load, std::less<>> by_label;
  for (const auto& [id, meter] : functions.meters()) by_label[id];
  for (const auto& [id, load] : queue.loads()) {
    const auto own = by_label.find(id);
    auto& of = own != by_label.end() ? own->second : by_label[std::string(FunctionMeters::kOthers)];
    of.waiting += load.waiting;
    of.running += load.running;
  }
  for (const auto& [label, load] : by_label) {
    samples.add({{"function", label}, {"state", "waiting"}}, real(load.waiting));
    samples.add({{"function", label}, {"state", "running"}}, real(load.running));
  }
}

void add_runs(Metrics& metrics, const Measured& measured) {
  metrics.add("synap_queue_jobs", Type::kGauge, "Jobs that nobody does yet.",
              [&jobs = measured.jobs, &queue = measured.queue](Samples& samples) {
                samples.add({{"state", "ready"}}, real(queue.waiting_count()));
                // Of many nodes nobody counts them.
                if (jobs.is_shared()) return;
                samples.add({{"state", "delayed"}}, real(jobs.parked_count()));
              });
  metrics.add("synap_queue_function_jobs", Type::kGauge,
              "Claimed jobs by function: that wait for their turn, and that are under way.",
              [&functions = measured.functions, &queue = measured.queue](Samples& samples) {
                add_loads(samples, functions, queue);
              });
  add_by_function(metrics, measured.functions, "synap_runs_total", Type::kCounter,
                  "Attempts of runs that have ended, by function and outcome; given_up are dead "
                  "letters.",
                  [](Samples& samples, std::string_view function, const FunctionMeter& meter) {
                    add_outcomes(samples, function,
                                 {{"completed", meter.completed},
                                  {"retried", meter.retried},
                                  {"slept", meter.slept},
                                  {"given_up", meter.given_up},
                                  {"paused", meter.paused},
                                  {"unstored", meter.unstored},
                                  {"lost", meter.lost_leases}});
                  });
  add_by_function(metrics, measured.functions, "synap_run_start_delay_seconds", Type::kHistogram,
                  "From a run's being made, in the commit of its event, to its first call.",
                  [](Samples& samples, std::string_view function, const FunctionMeter& meter) {
                    samples.add({{"function", function}}, meter.start_delay);
                  });
  add_by_function(metrics, measured.functions, "synap_run_duration_seconds", Type::kHistogram,
                  "Of an attempt: the call of its function, what it waits for included.",
                  [](Samples& samples, std::string_view function, const FunctionMeter& meter) {
                    samples.add({{"function", function}}, meter.took);
                  });
  add_by_function(metrics, measured.functions, "synap_steps_total", Type::kCounter,
                  "Attempts at steps that have ended, by function and outcome.",
                  [](Samples& samples, std::string_view function, const FunctionMeter& meter) {
                    add_outcomes(samples, function,
                                 {{"completed", meter.steps_completed},
                                  {"retried", meter.steps_retried},
                                  {"failed", meter.steps_failed}});
                  });
  add_by_function(metrics, measured.functions, "synap_step_duration_seconds", Type::kHistogram,
                  "Of the attempt that gave a step's result, to the millisecond.",
                  [](Samples& samples, std::string_view function, const FunctionMeter& meter) {
                    samples.add({{"function", function}}, meter.step_time);
                  });
}

void add_admissions(Metrics& metrics, const Measured& measured) {
  metrics.add("synap_admissions_total", Type::kCounter,
              "What became of events that were looked at before they had runs.",
              [&counts = measured.admission.counts()](Samples& samples) {
                const auto add = [&](std::string_view outcome, const Counter& counter) {
                  samples.add({{"outcome", outcome}}, real(counter.value()));
                };
                add("admitted", counts.admitted);
                add("filtered", counts.filtered);
                add("repeated", counts.repeated);
                add("rate_limited", counts.limited);
                add("debounced", counts.replaced);
                add("skipped", counts.skipped);
                add("dead", counts.dead);
                add("cancelled", counts.cancelled);
              });
}

void add_pruned(Metrics& metrics, const Measured& measured) {
  metrics.add("synap_runs_pruned_total", Type::kCounter,
              "Runs that ended long ago, or were too many, and were taken away.",
              [&pruned = measured.pruner.pruned()](Samples& samples) {
                samples.add({}, real(pruned.value()));
              });
}

// Of an Inngest server that is the bus.
void add_inngest_bus(Metrics& metrics, const InngestBus& bus) {
  const auto& relay = bus.relay();
  const auto& counts = bus.endpoint().counts();
  metrics.add("synap_relay_lag_events", Type::kGauge,
              "Events of the log that were not handed to the Inngest server yet, nor passed over.",
              [&relay] { return real(relay.progress().lag); });
  metrics.add("synap_relay_held_events", Type::kGauge,
              "Events that wait for earlier ones of the same thing.",
              [&relay] { return real(relay.progress().held); });
  metrics.add("synap_relay_down", Type::kGauge,
              "1 where the Inngest server did not take what was sent last, else 0.",
              [&relay] { return relay.progress().is_down ? 1.0 : 0.0; });
  metrics.add("synap_relay_events_total", Type::kCounter,
              "Events that the Inngest server took, and such as it refuses.",
              [&relay](Samples& samples) {
                samples.add({{"outcome", "posted"}}, real(relay.counts().posted.value()));
                samples.add({{"outcome", "refused"}}, real(relay.counts().refused.value()));
              });
  metrics.add("synap_relay_failures_total", Type::kCounter,
              "How often the Inngest server could not be reached, or did not take something.",
              [&relay] { return real(relay.counts().failures.value()); });
  metrics.add("synap_served_calls_total", Type::kCounter,
              "Calls of functions by the Inngest server, by what they came to.",
              [&counts](Samples& samples) {
                samples.add({{"outcome", "returned"}}, real(counts.returned.value()));
                samples.add({{"outcome", "stepped"}}, real(counts.stepped.value()));
                samples.add({{"outcome", "failed"}}, real(counts.failed.value()));
                samples.add({{"outcome", "forbidden"}}, real(counts.forbidden.value()));
              });
  metrics.add("synap_served_call_duration_seconds", Type::kHistogram, "Of such a call.",
              [&counts](Samples& samples) { samples.add({}, counts.took); });
}

void add_projections(Metrics& metrics, const projections::Projections& projections) {
  metrics.add("synap_projection_lag_events", Type::kGauge,
              "Events that a follower has not folded yet.", [&projections](Samples& samples) {
                for (const auto& one : projections.progress()) {
                  if (one.kind == projections::Projection::Kind::kInline) continue;
                  samples.add({{"projection", one.name}}, real(one.lag));
                }
              });
  metrics.add("synap_projection_stopped", Type::kGauge,
              "1 where a follower was stopped because its fold failed, else 0.",
              [&projections](Samples& samples) {
                for (const auto& one : projections.progress()) {
                  samples.add({{"projection", one.name}}, one.is_stopped ? 1 : 0);
                }
              });
  metrics.add("synap_projection_rebuilding", Type::kGauge,
              "1 where a projection is being filled again, else 0.",
              [&projections](Samples& samples) {
                for (const auto& one : projections.progress()) {
                  samples.add({{"projection", one.name}}, one.is_rebuilding ? 1 : 0);
                }
              });
}

void add_search(Metrics& metrics, const search::Search& search) {
  metrics.add("synap_search_lag_events", Type::kGauge,
              "Events that are not in an index of search yet.", [&search](Samples& samples) {
                samples.add({{"index", "words"}}, real(search.lag()));
                const auto* meanings = search.meanings();
                const auto lag = meanings == nullptr ? std::nullopt : meanings->lag();
                if (lag) samples.add({{"index", "meanings"}}, real(*lag));
              });
  const auto* meanings = search.meanings();
  if (meanings == nullptr) return;
  metrics.add("synap_search_embedded_total", Type::kCounter, "Passages whose vectors were made.",
              [meanings] { return real(meanings->embedded()); });
  metrics.add("synap_search_memory_bytes", Type::kGauge, "Vectors of users that are in memory.",
              [meanings] { return real(meanings->blocks_bytes()); });
}

}  // namespace

void add_measures(Metrics& metrics, const Measured& measured) {
  metrics.add("synap_build_info", Type::kGauge, "1, with the version as a label.",
              [](Samples& samples) { samples.add({{"version", SYNAP_VERSION}}, 1); });
  add_calls(metrics, measured.procedures);
  add_server(metrics, measured);
  add_database(metrics, measured.database);
  add_io_errors(metrics);
  add_runs(metrics, measured);
  add_admissions(metrics, measured);
  add_pruned(metrics, measured);
  if (measured.inngest_bus != nullptr) add_inngest_bus(metrics, *measured.inngest_bus);
  metrics.add("synap_log_position", Type::kGauge, "The position of the newest event.",
              [&log = measured.log] { return real(log.end().value()); });
  add_projections(metrics, measured.projections);
  add_search(metrics, measured.search);
  metrics.add("synap_disk_free_bytes", Type::kGauge,
              "Bytes that the disk of the data directory still has for the pod.",
              [&directory = measured.directory](Samples& samples) {
                if (const auto free = directory.free_bytes()) samples.add(real(*free));
              });
  add_process_measures(metrics);
}

}  // namespace synap::pod

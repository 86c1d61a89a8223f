// ServedFunctions: the functions of this program as an app of an Inngest server: how they are
// called there, what is registered of them, and which events they hear.
//
//   bus                          Inngest
//   notes.create                 synap-notes-create
//   in_aggregate_order           concurrency: one call at a time for event.user.synap.line
//   retry.retries_max            retries.attempts
//   fulfills                     a second function, synap-notes-create-failure, on
//                                inngest/function.failed and .cancelled
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "bus/function.h"

namespace synap::inngest {

struct ServedFunctionsOptions {
  std::string app = "synap";  // its id there
  std::string url;            // where calls come to
  /// Before the names of all events: so that several pods can share an environment.
  std::string event_prefix = {};
  /// Types that are posted besides what functions hear, as triggers name them.
  std::vector<std::string> events = {};
};

class ServedFunctions {
 public:
  ServedFunctions(ServedFunctionsOptions options, std::vector<bus::FunctionPtr> functions);

  const ServedFunctionsOptions& options() const { return options_; }

  /// What a slug stands for; null: nothing of this app.
  struct Served {
    bus::FunctionPtr function;
    bool is_failure = false;  // what is called when a run was given up
  };
  const Served* find(std::string_view slug) const;
  std::string slug_of(std::string_view function_id) const;
  std::size_t count() const { return by_slug_.size(); }

  /// Functions that an event of this type starts.
  std::vector<bus::FunctionPtr> hearing(std::string_view type) const;
  /// Whether it is posted.
  bool is_wanted(std::string_view type) const;

  /// The list `functions` of a registration.
  Json registered() const;
  /// All of it.
  Json registration(std::string_view sdk) const;

 private:
  Json registered(const std::string& slug, const bus::Function& function) const;
  Json registered_failure(const std::string& slug, const bus::Function& function) const;
  Json step_of(const std::string& slug) const;

  const ServedFunctionsOptions options_;
  std::vector<bus::FunctionPtr> functions_;
  std::vector<bus::Trigger> others_;
  std::map<std::string, Served, std::less<>> by_slug_;
};

/// Whether an event of this type can be posted to an Inngest server under its name, where names of
/// the server's own are refused.
bool can_be_posted(std::string_view type);

}  // namespace synap::inngest

// Description: what a pod can be asked and what can happen in it, without a pod: for tools that
// write clients, manuals and the like. No directory is opened and nothing is served.
#pragma once

#include <memory>

#include "events/types.h"
#include "rpc/procedure.h"

namespace synap::agents {
class Agents;
}  // namespace synap::agents

namespace synap::pod {

/// The procedures, event types and agents of every feature. To be read: to call one of the
/// procedures is a programmer's error, because there is nothing behind them.
class Description {
 public:
  Description();
  ~Description();
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  const rpc::ProcedureTable& procedures() const;
  const events::EventTypes& types() const;
  const agents::Agents& agents() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace synap::pod

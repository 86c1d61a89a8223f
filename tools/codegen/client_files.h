// The generated half of the TypeScript client, as text: what can be called, with which input and
// which answer, and what can happen, all of it read from the procedures and event types of a pod.
#pragma once

#include <string>
#include <vector>

#include "events/types.h"
#include "rpc/procedure.h"

namespace synap::codegen {

struct File {
  std::string name;
  std::string text;
};

/// app-router.ts: types only, which cost a program nothing (`import type` from @trpc/server).
/// schemas.ts: zod 4 schemas of the inputs and of the data of events.
std::vector<File> client_files(const rpc::ProcedureTable& procedures,
                               const events::EventTypes& types);

}  // namespace synap::codegen

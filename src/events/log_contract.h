// What every EventLog must do, as tests. An engine joins by naming itself:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, EventLog, testing::Values(Engine{...}), engine_name);
//
// in a test file that includes this header in namespace synap::events::contract.
#pragma once

#include "events/contract/appends.h"
#include "events/contract/chain.h"
#include "events/contract/reads.h"
#include "events/contract/searches.h"

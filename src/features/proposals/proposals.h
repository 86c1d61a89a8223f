// Proposals: changes that somebody would like to make and may not make by himself. A call by a key
// that may only propose (api/scopes.h) becomes one, with its input and the reason; somebody else
// accepts it as it is or edited, rejects it, or lets it expire. Nobody accepts his own.
//
// What a model asks for in an agent's run that has read stored text is proposed, too
// (agents/reading.h): by the agent, so the key that began the run may accept it.
//
// An accepted proposal is a request: a run calls the procedure, by the rights that the accepting
// key had then, and only if the thing still has the version that was proposed for. So what comes of
// it stands below the acceptance in the log, and that below the proposal.
#pragma once

#include "features/rooms.h"

namespace synap::features::proposals {

/// Behind the nouns. `rooms` must outlive the procedures.
void add(const Rooms& rooms);

}  // namespace synap::features::proposals

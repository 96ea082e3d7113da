#pragma once
#include "engine.h"

namespace cnn {

// Runs the candidates for a call on random numbers in turn; see Engine. Throws where the call
// cannot be computed at all.
std::vector<CandidateTime> timeCandidates(Context& context, const DescribedCall& call,
                                          const TimeLimit& limit);

}  // namespace cnn

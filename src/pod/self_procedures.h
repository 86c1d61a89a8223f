// pod.settings, pod.doctor and pod.samples: what a pod says of itself. Not features, since they ask
// what no feature knows: how the pod was set up, and how its parts are.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/task.h"
#include "pod/doctor.h"
#include "pod/pod.h"
#include "pod/samples.h"
#include "rpc/procedure.h"

namespace synap::pod {

/// Who answers. Nothing is called before a procedure is.
struct PodSelf {
  std::function<const std::vector<SettingInForce>&()> settings;
  /// Of the user who asks. Doctor::examine().
  std::function<Task<std::vector<Check>>(std::string)> examine;
  /// At most so many of the newest samples. Sampler::newest().
  std::function<std::vector<Sample>(std::size_t)> samples;
  std::function<std::int64_t()> unix_ms;
};

void add_self_procedures(rpc::ProcedureTable& procedures, PodSelf self);

}  // namespace synap::pod

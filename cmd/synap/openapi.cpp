#include <memory>

#include "pod/description.h"
#include "rest/document.h"
#include "synap/commands.h"
#include "synap/output.h"

namespace synap::cli {

Command openapi_command() {
  auto url = std::make_shared<std::string>();
  return {
      .words = "openapi",
      .docs =
          "Print the OpenAPI 3.1 document of a pod's REST form, as GET /openapi.json gives "
          "it. Needs no pod.",
      .example = "synap openapi > openapi.json",
      .options = {{"--url", "Where the pod is found, for \"servers\"; without: \"/\".", url.get()}},
      .run = [url] {
        const pod::Description described;
        print_line(
            rest::openapi_document({.public_url = *url}, described.procedures()).dump_pretty());
        return kExitOk;
      }};
}

}  // namespace synap::cli

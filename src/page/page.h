// Page: what a browser is shown at the pod's address. Static files: whoever may see nothing gets a
// page with nothing in it.
//
// Every path that is asked for by a browser as a page, and is no file, is answered with index.html,
// which shows what the path means. Files whose names say what is in them are kept by browsers for
// ever.
#pragma once

#include <vector>

#include "net/http.h"
#include "page/files.h"

namespace synap::page {

class Page final : public net::Handler {
 public:
  /// `refusal` makes an answer of an error. `nothing_here` is the error of what is neither a file
  /// nor asked for as a page. Both are called by any thread.
  Page(std::vector<File> files, std::function<net::Response(const Error&)> refusal,
       std::function<Error()> nothing_here)
      : files_(std::move(files)),
        refusal_(std::move(refusal)),
        nothing_here_(std::move(nothing_here)) {}

  Task<net::Response> serve(const net::Request& head) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override { return refusal_(error); }

 private:
  const File* find(const net::Request& head) const;

  const std::vector<File> files_;
  const std::function<net::Response(const Error&)> refusal_;
  const std::function<Error()> nothing_here_;
};

}  // namespace synap::page

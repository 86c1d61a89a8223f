#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "pod/pod.h"

int main(int argc, char** argv) {
  synap::pod::PodOptions options;
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--data") options.data = argv[i + 1];
    if (flag == "--listen") {
      const std::string listen = argv[i + 1];
      options.host = listen.substr(0, listen.rfind(':'));
      options.port = static_cast<std::uint16_t>(std::stoi(listen.substr(listen.rfind(':') + 1)));
    }
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  auto pod = synap::pod::Pod::start(options);
  if (!pod) {
    fmt::print(stderr, "synap: {}\n", pod.error().message);
    return 1;
  }
  fmt::print(stderr, "synap: serving http://{}:{}\n", options.host, (*pod)->port());
  if (!(*pod)->new_owner_key().empty()) {
    fmt::print(stderr, "synap: the owner's key: {}\n", (*pod)->new_owner_key());
  }
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  if (!(*pod)->stop()) std::_Exit(0);
  return 0;
}

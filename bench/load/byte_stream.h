#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "address.h"
#include "event_loop.h"

namespace synap::bench {

// A TCP connection with a buffer on each side. What a protocol needs below its own framing.
class ByteStream : public Pollable {
 public:
  ByteStream(EventLoop& loop, Address address) : loop_(loop), address_(std::move(address)) {}
  ~ByteStream() override;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  const Address& address() const { return address_; }

  // Throws std::system_error when nobody listens.
  void open();
  void close_now();
  void write(std::string_view bytes);

  void on_ready(std::uint32_t events) final;

 protected:
  // All bytes received and not yet consumed. Answers how many of them are used up.
  virtual std::size_t on_bytes(std::string_view bytes) = 0;
  // The other side closed, or the connection failed. The stream is closed already.
  virtual void on_closed() = 0;

 private:
  void flush();
  void read_all();

  EventLoop& loop_;
  Address address_;
  int descriptor_ = -1;
  // Counts closings: the kernel gives a reopened socket the same number.
  std::uint64_t generation_ = 0;
  bool wants_write_ = false;
  std::string received_;
  std::size_t received_used_ = 0;
  std::string unsent_;
};

}  // namespace synap::bench

#include "models/tally.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::models {

struct Tally::Sum {
  std::mutex mutex;              // of all
  std::optional<OpenCall> open;  // until it is settled
  std::int64_t left = 0;         // tokens of what is held
  int under_way = 0;
  bool is_over = false;  // nobody takes of it any more
  bool has_answer = false;

  bool take(std::int64_t tokens) {
    const std::lock_guard lock(mutex);
    if (is_over || left < tokens) return false;
    left -= tokens;
    ++under_way;
    return true;
  }
  bool is_done() {
    const std::lock_guard lock(mutex);
    return is_over;
  }
  // What is to be settled, where nobody is under way any more.
  std::optional<OpenCall> end() {
    const std::lock_guard lock(mutex);
    is_over = true;
    return taken_out();
  }
  std::optional<OpenCall> add(const ModelCall& told) {
    const std::lock_guard lock(mutex);
    --under_way;
    auto& call = open->call();
    // Of several providers, as the last one has it.
    call.provider = told.provider;
    call.answered_by = told.answered_by;
    call.status = told.status;
    call.request_hash = told.request_hash;
    call.input += told.input;
    call.cost_nanos += told.cost_nanos;
    call.ms += told.ms;
    call.attempts += told.attempts;
    call.is_estimated = call.is_estimated || told.is_estimated;
    if (told.secrets) call.secrets = call.secrets.value_or(0) + *told.secrets;
    has_answer = has_answer || !told.error;
    if (!told.error || !has_answer) {
      call.finish = told.finish;
      call.error = told.error;
      call.reason = told.reason;
    }
    return taken_out();
  }

 private:
  std::optional<OpenCall> taken_out() {
    if (!is_over || under_way > 0) return std::nullopt;
    return std::exchange(open, std::nullopt);
  }
};

// What is held is more than is needed; where the budget has not so much any more, it is less.
Task<Result<OpenCall>> Tally::open(const Caller& caller, const ModelCall& call, std::int64_t tokens,
                                   std::int64_t lasts_ms, std::int64_t& held) {
  const auto until = account_.world().unix_ms() + kTimeMax.count() + lasts_ms;
  for (auto wanted = kTokensHeld;; wanted /= 8) {
    held = std::max(wanted, tokens);
    const Usage most{.input = held};
    auto opened =
        co_await account_.open(caller, call, most, cost_nanos(provider_.price, most), until);
    const bool is_refused = !opened && opened.error().code == Code::kPaymentRequired;
    if (!is_refused || held == tokens) co_return opened;
  }
}

Task<Result<Tally::Share>> Tally::take(const Caller& caller, const ModelCall& call,
                                       std::int64_t tokens, std::int64_t lasts_ms) {
  // What is only counted leaves nothing to what would be refused.
  auto whose = fmt::format("{}\n{}\n{}", caller.is_only_counted, caller.key_id(), caller.user_id());
  {
    const std::lock_guard lock(mutex_);
    const auto at = sums_.find(whose);
    if (at != sums_.end() && at->second->take(tokens)) co_return at->second;
  }
  std::int64_t held = 0;
  auto opened = co_await open(caller, call, tokens, lasts_ms, held);
  if (!opened) co_return fail(opened.error());
  auto sum = std::make_shared<Sum>();
  sum->open = std::move(*opened);
  sum->left = held - tokens;
  sum->under_way = 1;
  Share before;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(sums_, [](const auto& one) { return one.second->is_done(); });
    before = std::exchange(sums_[std::move(whose)], sum);
  }
  if (before != nullptr) {
    if (auto over = before->end()) account_.settle_later(over->release());
  }
  account_.settle_after(kTimeMax, [sum] { return sum->end(); });
  co_return sum;
}

void Tally::add(Share share, const ModelCall& told) {
  if (auto over = share->add(told)) account_.settle_later(over->release());
}

}  // namespace synap::models

#pragma once
#include <memory>
#include <optional>

#include "gateway/http/message.hpp"

namespace causeway::http {

/// The other end of a Reply: what waits for the answer.
class ReplySink {
public:
    virtual ~ReplySink() = default;
    /// Called exactly once, from any thread.
    virtual void complete(Response response) = 0;
};

/// Answers one request, once, from any thread. Copies share the one answer: the first call counts, later ones do
/// nothing. If the last copy dies without having answered, the client gets a 500.
class Reply {
public:
    explicit Reply(std::shared_ptr<ReplySink> sink);
    void operator()(Response response) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// What a server does with its requests. Implementations are called from several I/O threads at once.
class Handler {
public:
    virtual ~Handler() = default;
    /// Looks at a request whose header is complete and whose body was not read yet. An answer here (no such route, no
    /// right to write) spares reading the body. Who is found to be behind the request is noted in it, for handle().
    virtual std::optional<Response> screen(Request&) { return std::nullopt; }
    /// Must not block beyond the 2 ms of a point read; longer work goes to a pool and answers from there.
    virtual void handle(Request request, Reply reply) = 0;
};

}  // namespace causeway::http

#include "gateway/http/connection.hpp"

namespace causeway::http {

std::optional<Connections::Ticket> Connections::add(const std::shared_ptr<Connection>& connection,
                                                    std::size_t per_peer_max) {
    const std::lock_guard lock(mutex_);
    if (!connection->peer->loopback) {
        std::size_t& count = per_peer_[connection->peer->address];
        if (count >= per_peer_max) return std::nullopt;
        ++count;
    }
    list_.push_back(connection);
    return Ticket(*this, std::prev(list_.end()));
}

std::size_t Connections::size() const {
    const std::lock_guard lock(mutex_);
    return list_.size();
}

void Connections::remove(std::list<std::shared_ptr<Connection>>::iterator at) {
    const std::lock_guard lock(mutex_);
    if (!(*at)->peer->loopback) {
        const auto found = per_peer_.find((*at)->peer->address);
        if (--found->second == 0) per_peer_.erase(found);
    }
    list_.erase(at);
}

}  // namespace causeway::http

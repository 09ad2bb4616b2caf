#pragma once
#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/exchange/control_ids.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/mllp/inbox_handler.hpp"
#include "gateway/mllp/listener.hpp"
#include "gateway/patient_index/identity_events.hpp"
#include "gateway/patient_index/patient_index.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"

namespace causeway::bench {

/// As the gateway's process has it (gateway/main/main.cpp).
[[maybe_unused]] inline const bool memory_kept =
    mallopt(M_MMAP_THRESHOLD, 2 << 20) != 0 && mallopt(M_TRIM_THRESHOLD, 16 << 20) != 0;

/// The inbound side of a gateway on a store of its own: with the patient index, routing and Tasks, or (`alone`) only what
/// takes a message in and stores it.
struct InboundGateway {
    enum class Parts { alone, all };

    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("causeway-bench-" + std::to_string(::getpid()));
    ops::SystemClock clock;
    exchange::ControlIds ids{clock};
    security::Door door;
    std::unique_ptr<storage::Store> store = open();
    rest::ResourceWriter writer{*store};
    exchange::OrderTasks tasks{writer};
    exchange::IdentityRegistrar registrar;
    patient_index::PatientIndex index{patient_index::PatientIndex::Options{}};
    patient_index::IdentityEvents events_of_index{index};
    mappings::LiveMaps maps = mappings::LiveMaps(mappings::MapSet::load(mappings::MapSet::builtin()).maps);
    std::vector<exchange::ConfigurationFault> faults;
    exchange::Router router;
    exchange::Inbox inbox;
    boost::asio::thread_pool cpu{2};
    mllp::InboxEvents events;
    boost::asio::io_context io;
    mllp::InboxHandler handler{inbox, *store, cpu, events};
    mllp::Listener listener{io, handler, {}};
    std::uint16_t port = *listener.listen("127.0.0.1", 0);
    std::thread thread{[this] { io.run(); }};

    explicit InboundGateway(Parts parts, const std::shared_ptr<const exchange::ExchangeSettings>& settings =
                                             std::make_shared<exchange::ExchangeSettings>())
        : router(settings, {*store, maps, [this] { return ids.next(); }, {}, &tasks}, faults),
          inbox({*store,
                 writer,
                 door,
                 clock,
                 [this] { return ids.next(); },
                 parts == Parts::all ? &router : nullptr,
                 parts == Parts::all ? &events_of_index : nullptr,
                 {},
                 nullptr,
                 parts == Parts::all ? &tasks : nullptr},
                settings, maps) {
        writer.add_observer(registrar);
        if (parts == Parts::alone) return;
        index.load(*store).value();
        writer.add_observer(index);
        writer.add_observer(router);
    }
    InboundGateway(const InboundGateway&) = delete;
    ~InboundGateway() {
        std::promise<void> stopped;
        listener.stop([&] { stopped.set_value(); });
        stopped.get_future().wait();
        io.stop();
        thread.join();
        cpu.join();
        store->close();
        store.reset();
        std::filesystem::remove_all(folder);
    }
    std::unique_ptr<storage::Store> open() const {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        storage::SqliteOptions options;
        options.file = folder / "bench.db";
        return std::move(*storage::open_sqlite(std::move(options)));
    }
};

}  // namespace causeway::bench

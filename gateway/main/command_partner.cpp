#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "gateway/main/admin_client.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/partner_check.hpp"
#include "gateway/main/partner_question.hpp"
#include "gateway/main/startup.hpp"

namespace causeway {
namespace {

struct Options {
    std::string config, name;
    PartnerCheckOptions check;
    PartnerQuestion question;
};

Exit check(const Options& options) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    bool sound = true;
    for (const auto& each : check_partner_blocking(startup, options.name, options.check)) {
        using Verdict = PartnerFinding::Verdict;
        fmt::print("{:<8} {:<14} {}\n",
                   each.verdict == Verdict::good      ? "ok"
                   : each.verdict == Verdict::warning ? "warning"
                                                      : "FAULT",
                   each.what, each.text);
        sound = sound && each.verdict != Verdict::fault;
    }
    return sound ? Exit::good : Exit::bad_data;
}

/// Asks a running gateway and prints what it says.
Exit ask(const Options& options, const char* method, const char* target) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    const auto answer = ask_gateway(startup.config, target, method);
    if (answer.status == 0) {
        fmt::print(stderr, "causeway: partner: the gateway cannot be asked: {}\n", answer.body);
        return Exit::failed;
    }
    fmt::print("{}\n", answer.body);
    return answer.status == 200 ? Exit::good : Exit::bad_data;
}

}  // namespace

void add_partner_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand("partner", "The systems we exchange with");
    command->require_subcommand(1);
    auto* const checking =
        command->add_subcommand("check", "Test one partner end to end: configuration, name, connection, TLS, answer");
    checking->add_option("--config", options->config, "configuration file (TOML)");
    checking->add_option("name", options->name, "the partner's name")->required();
    checking->add_flag("--probe", options->check.probe,
                       "send NMQ^N01 (HL7's own question after an application's state) over MLLP or HTTP");
    checking->add_option("--timeout-ms", options->check.time_ms, "for connecting, and for an answer")
        ->check(CLI::Range(1, 600'000))
        ->capture_default_str();
    checking->callback([options, &exit_code] { exit_code = check(*options); });
    auto* const querying = command->add_subcommand(
        "query",
        "Ask another patient index or an immunization registry about one of our patients, and show the answer");
    querying->add_option("--config", options->config, "configuration file (TOML) of the running gateway");
    querying->add_option("name", options->question.partner, "the partner's name")->required();
    querying
        ->add_option("kind", options->question.kind,
                     "pix: its identifiers; pdq: who it knows of these demographics; history, forecast: immunizations")
        ->required()
        ->check(CLI::IsMember({"pix", "pdq", "history", "forecast"}));
    querying->add_option("patient", options->question.patient, "Patient/ID")->required();
    querying->add_option("--timeout-ms", options->question.time_ms, "how long to wait for the answer")
        ->check(CLI::Range(1, 600'000))
        ->capture_default_str();
    querying->callback([options, &exit_code] {
        const Startup startup = read_startup(options->config);
        if (startup.faults.empty()) {
            exit_code = ask_partner_blocking(startup, options->question);
        } else {
            print_faults(startup.faults);
            exit_code = Exit::usage;
        }
    });
    auto* const listing = command->add_subcommand("list", "Partners of a running gateway: queues, workers, last heard");
    listing->add_option("--config", options->config, "configuration file (TOML) of the running gateway");
    listing->callback([options, &exit_code] { exit_code = ask(*options, "GET", "/admin/partners"); });
    auto* const alerts = command->add_subcommand("alerts", "What is wrong with the partners of a running gateway now");
    alerts->add_option("--config", options->config, "configuration file (TOML) of the running gateway");
    alerts->callback([options, &exit_code] { exit_code = ask(*options, "GET", "/admin/alerts"); });
    for (const auto& [verb, text] :
         {std::pair{"pause", "Send nothing more to a partner; what is queued stays"},
          std::pair{"resume", "Send again what waits"},
          std::pair{"drain", "Send what is queued now, then pause; what comes later waits"}}) {
        auto* const ordering = command->add_subcommand(verb, text);
        ordering->add_option("--config", options->config, "configuration file (TOML) of the running gateway");
        ordering->add_option("name", options->name, "the partner's name")->required();
        ordering->callback([options, &exit_code, verb = std::string(verb)] {
            exit_code = ask(*options, "POST", ("/admin/outbox/" + options->name + "/" + verb).c_str());
        });
    }
    auto* const reloading =
        command->add_subcommand("reload", "Bring the partners and routes of the file into force, without a restart");
    reloading->add_option("--config", options->config, "configuration file (TOML) of the running gateway");
    reloading->callback([options, &exit_code] { exit_code = ask(*options, "POST", "/admin/partners/reload"); });
}

}  // namespace causeway

#include <doctest/doctest.h>

#include "hl7v2/acknowledgement_mode.hpp"
#include "hl7v2/message.hpp"

using namespace causeway::hl7v2;

namespace {

AckRequest request(std::string_view accept, std::string_view application) {
    return {parse_ack_condition(accept), parse_ack_condition(application)};
}

std::string due(std::optional<AckCode> code) { return code ? std::string(text(*code)) : "-"; }

Acknowledgement answer(AckCode code, std::string control_id) { return {code, std::move(control_id), {}, {}}; }

}  // namespace

TEST_SUITE("hl7v2/acknowledgement_mode") {
    TEST_CASE("MSH-15 and MSH-16 are read as table 0155 has them") {
        const auto message = Message::parse("MSH|^~\\&|A||B||2024||ADT^A01|1|P|2.5.1|||AL|\"\"\r");
        REQUIRE(message.has_value());
        CHECK(ack_request(message->view()) == AckRequest{AckCondition::always, AckCondition::empty});
        CHECK(ack_request(message->view()).enhanced());
        const auto original = Message::parse("MSH|^~\\&|A||B||2024||ADT^A01|1|P|2.5.1|||\"\"\r");
        REQUIRE(original.has_value());
        CHECK_FALSE(ack_request(original->view()).enhanced());
        CHECK(parse_ack_condition("XX") == AckCondition::always);
        for (const std::string_view code : {"", "AL", "NE", "ER", "SU"}) CHECK(text(parse_ack_condition(code)) == code);
    }

    TEST_CASE("what is due, by mode and outcome") {
        struct Row {
            std::string_view msh_15, msh_16;
            Receipt receipt;
            Processing processing;
            std::string_view accept, application;
        };
        constexpr auto kept = Receipt::kept;
        constexpr auto done = Processing::done;
        constexpr auto failed = Processing::failed;
        for (const Row& row : {
                 // original mode: the application acknowledgement stands for everything
                 Row{"", "", kept, done, "-", "AA"},
                 Row{"", "", kept, failed, "-", "AE"},
                 Row{"", "", kept, Processing::refused, "-", "AR"},
                 Row{"", "", Receipt::refused, Processing::refused, "-", "AR"},
                 Row{"", "", Receipt::not_kept, failed, "-", "AE"},
                 // enhanced: each by its own condition
                 Row{"AL", "AL", kept, done, "CA", "AA"},
                 Row{"AL", "AL", kept, failed, "CA", "AE"},
                 Row{"AL", "AL", Receipt::not_kept, failed, "CE", "-"},
                 Row{"AL", "AL", Receipt::refused, Processing::refused, "CR", "-"},
                 Row{"NE", "NE", Receipt::refused, Processing::refused, "-", "-"},
                 Row{"NE", "AL", kept, done, "-", "AA"},
                 Row{"AL", "NE", kept, failed, "CA", "-"},
                 Row{"AL", "", kept, done, "CA", "-"},
                 Row{"", "AL", kept, done, "-", "AA"},
                 Row{"", "AL", Receipt::not_kept, failed, "-", "-"},
                 Row{"ER", "ER", kept, done, "-", "-"},
                 Row{"ER", "ER", kept, failed, "-", "AE"},
                 Row{"ER", "ER", Receipt::not_kept, failed, "CE", "-"},
                 Row{"SU", "SU", kept, done, "CA", "AA"},
                 Row{"SU", "SU", kept, failed, "CA", "-"},
                 Row{"SU", "SU", Receipt::refused, failed, "-", "-"},
             }) {
            CAPTURE(row.msh_15);
            CAPTURE(row.msh_16);
            CAPTURE(static_cast<int>(row.receipt));
            CAPTURE(static_cast<int>(row.processing));
            const AckRequest asked = request(row.msh_15, row.msh_16);
            CHECK(due(accept_acknowledgement_due(asked, row.receipt)) == row.accept);
            CHECK(due(application_acknowledgement_due(asked, row.receipt, row.processing)) == row.application);
        }
    }

    TEST_CASE("errors 200 to 203 refuse, the others do not") {
        CHECK(refuses(ErrorCode::unsupported_message_type));
        CHECK(refuses(ErrorCode::unsupported_version));
        CHECK_FALSE(refuses(ErrorCode::unknown_key));
        CHECK_FALSE(refuses(ErrorCode::required_field_missing));
    }

    TEST_CASE("an answer to another message is never ours") {
        AckWait wait(request("", ""), "2");
        CHECK(wait.take(answer(AckCode::aa, "1")) == AckWait::Step::not_ours);
        CHECK(wait.state() == AckWait::State::application);
        CHECK_FALSE(wait.code());
        CHECK(wait.silence_is_failure());
        CHECK(wait.take(answer(AckCode::ca, "2")) == AckWait::Step::unexpected);
        CHECK(wait.take(answer(AckCode::ae, "2")) == AckWait::Step::settled);
        CHECK(wait.code() == AckCode::ae);
        CHECK(wait.take(answer(AckCode::aa, "2")) == AckWait::Step::unexpected);
        CHECK(wait.code() == AckCode::ae);
    }

    TEST_CASE("enhanced mode waits for both") {
        AckWait wait(request("AL", "AL"), "7");
        CHECK(wait.state() == AckWait::State::accept);
        CHECK(wait.take(answer(AckCode::aa, "7")) == AckWait::Step::unexpected);
        CHECK(wait.take(answer(AckCode::ca, "7")) == AckWait::Step::progressed);
        CHECK(wait.take(answer(AckCode::aa, "7")) == AckWait::Step::settled);
    }

    TEST_CASE("what is not accepted is not processed") {
        AckWait wait(request("AL", "AL"), "7");
        CHECK(wait.take(answer(AckCode::ce, "7")) == AckWait::Step::settled);
        CHECK(wait.code() == AckCode::ce);
    }

    TEST_CASE("conditions decide what silence means") {
        AckWait on_error(request("ER", "NE"), "7");
        CHECK_FALSE(on_error.silence_is_failure());
        CHECK(on_error.give_up_waiting());
        CHECK_FALSE(on_error.code());
        AckWait then_application(request("ER", "AL"), "7");
        CHECK_FALSE(then_application.give_up_waiting());
        CHECK(then_application.state() == AckWait::State::application);
        CHECK_FALSE(then_application.give_up_waiting());  // AL: silence is a failure
        AckWait passed_over(request("ER", "AL"), "7");
        CHECK(passed_over.take(answer(AckCode::aa, "7")) == AckWait::Step::settled);
        AckWait nothing(request("NE", "NE"), "7");
        CHECK(nothing.state() == AckWait::State::settled);
        CHECK_FALSE(nothing.silence_is_failure());
        AckWait success_only(request("SU", ""), "7");
        CHECK(success_only.silence_is_failure());
    }

    TEST_CASE("a partner who answers AA for CA can be understood") {
        AckWait strict(request("AL", "NE"), "7");
        CHECK(strict.take(answer(AckCode::aa, "7")) == AckWait::Step::unexpected);
        AckWait tolerant(request("AL", "NE"), "7", true);
        CHECK(tolerant.take(answer(AckCode::aa, "7")) == AckWait::Step::settled);
        CHECK(tolerant.code() == AckCode::aa);
        AckWait both(request("AL", "AL"), "7", true);
        CHECK(both.take(answer(AckCode::aa, "7")) == AckWait::Step::settled);
        AckWait twice(request("AL", "AL"), "7", true);
        CHECK(twice.take(answer(AckCode::ca, "7")) == AckWait::Step::progressed);
        CHECK(twice.take(answer(AckCode::ca, "7")) == AckWait::Step::unexpected);
        CHECK(twice.take(answer(AckCode::aa, "7")) == AckWait::Step::settled);
        AckWait original(request("", ""), "7", true);
        CHECK(original.take(answer(AckCode::ca, "7")) == AckWait::Step::settled);
    }
}

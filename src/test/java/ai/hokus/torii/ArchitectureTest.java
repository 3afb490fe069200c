package ai.hokus.torii;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** The rules of the house. */
@AnalyzeClasses(packages = "ai.hokus.torii", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    private static final String ROOT = "ai.hokus.torii";
    private static final String[] ROOMS = {
        "mlflow", "auth", "authz", "ratelimit", "proxy", "models", "admin", "health", "telemetry"
    };

    private static String[] packages(String... names) {
        String[] packages = new String[names.length];
        for (int i = 0; i < names.length; i++) {
            packages[i] = ROOT + "." + names[i] + "..";
        }
        return packages;
    }

    @ArchTest
    static final ArchRule noRoomImportsAnother = slices().matching(ROOT + ".(*)..")
            .namingSlices("room $1")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(resideInAPackage(ROOT + ".cli.."), DescribedPredicate.alwaysTrue())
            .ignoreDependency(
                    DescribedPredicate.alwaysTrue(),
                    resideInAnyPackage(packages("exchange", "identity", "config", "wire", "tls")));

    @ArchTest
    static final ArchRule noPackageCycles =
            slices().matching(ROOT + ".(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule theHallwayImportsNoRoom = noClasses()
            .that()
            .resideInAPackage(ROOT + ".exchange..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(packages(ROOMS)));

    @ArchTest
    static final ArchRule theGroundImportsNothingOfOurs = noClasses()
            .that()
            .resideInAnyPackage(packages("identity", "config", "wire", "tls"))
            .should()
            .dependOnClassesThat(
                    resideInAnyPackage(packages("exchange", "cli")).or(resideInAnyPackage(packages(ROOMS))));

    @ArchTest
    static final ArchRule identityIsPlainJava = noClasses()
            .that()
            .resideInAPackage(ROOT + ".identity..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.vertx..", "io.netty..");

    @ArchTest
    static final ArchRule onlyTheProcessUsesTheCommandLine = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + ".cli..")
            .and()
            .doNotHaveSimpleName("Main")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT + ".cli..");

    @ArchTest
    static final ArchRule nobodyCollectsAForwardedBody = noClasses()
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(BodyHandler.class)
            .orShould()
            .callMethod(HttpServerRequest.class, "body")
            .orShould()
            .callMethod(HttpServerRequest.class, "bodyHandler", io.vertx.core.Handler.class)
            .orShould()
            .callMethod(io.vertx.core.http.HttpClientResponse.class, "body");

    @ArchTest
    static final ArchRule decidingRoomsNeverSetAStatus = noClasses()
            .that()
            .resideInAnyPackage(packages("mlflow", "auth", "authz", "ratelimit", "telemetry"))
            .should()
            .callMethod(HttpServerResponse.class, "setStatusCode", int.class);

    @ArchTest
    static final ArchRule onlyConfigReadsTheEnvironment = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + ".config..")
            .should()
            .callMethod(System.class, "getenv")
            .orShould()
            .callMethod(System.class, "getenv", String.class);

    @ArchTest
    static final ArchRule nothingBlocksOutsideTheCommandLine = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + ".cli..")
            .and()
            .doNotHaveSimpleName("Main")
            .should()
            .callMethodWhere(calls(Thread.class, "sleep")
                    .or(calls(Future.class, "await"))
                    .or(calls(CompletableFuture.class, "get|join"))
                    .or(calls(CountDownLatch.class, "await"))
                    .or(calls(Process.class, "waitFor")));

    @ArchTest
    static final ArchRule onlyTheCommandLinePrints = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + ".cli..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace");

    @ArchTest
    static final ArchRule onlyTheWireTouchesNettyAndVertxInternals = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + ".wire..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.netty..",
                    "io.vertx.core.internal..",
                    "io.vertx.core.impl..",
                    "io.vertx.core.net.impl..",
                    "io.vertx.core.http.impl..");

    @ArchTest
    static final ArchRule namesSayWhatAThingIs = classes()
            .should()
            .haveNameNotMatching(".*(Impl|Util|Utils|Helper|Manager|Data|Info)$")
            .andShould()
            .haveNameNotMatching(".*\\.Abstract[A-Z].*");

    private static DescribedPredicate<JavaCall<?>> calls(Class<?> type, String names) {
        DescribedPredicate<JavaAccess<?>> target = JavaAccess.Predicates.target(nameMatching(names))
                .and(JavaAccess.Predicates.target(owner(assignableTo(type))));
        return target.forSubtype();
    }

    private static DescribedPredicate<JavaClass> assignableTo(Class<?> type) {
        return JavaClass.Predicates.assignableTo(type);
    }
}

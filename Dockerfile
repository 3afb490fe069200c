# The container image (src/docs/image.md): docker build --build-arg COMMIT=$(git rev-parse --short HEAD) -t torii .

FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /build
# What Maven needs is fetched by a build without sources, in a layer that lasts until the pom changes. It is the very
# command of the build, because dependency:go-offline leaves out what plugins load while they run.
COPY LICENSE pom.xml ./
RUN mvn -B -ntp -q -Dmaven.test.skip -Dmaven.antrun.skip package && rm -r target
COPY conf/torii.yaml conf/
COPY src/main/ src/main/
ARG COMMIT=unknown
# The archive below is bound to the jars' times, and a layer with the same times is the same layer.
RUN mvn -B -ntp -q -Dmaven.test.skip -Dmaven.antrun.skip -Dgit.commit.id.abbrev=$COMMIT package \
    && cp target/classes/META-INF/sbom/torii.cdx.json target/image/ \
    && find target/image -exec touch --date=2026-11-22T00:00:00Z {} +

FROM eclipse-temurin:25-jre AS runtime
# The one place that is written to, for bodies without a length; mount a volume there.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/spool/torii
WORKDIR /opt/torii
# With a mode of its own: in a checkout of somebody who gives nothing to others (umask 077) it would be root's alone.
COPY --chmod=0444 src/image/jvm.options ./
# Libraries are a layer of their own: a new version of Torii leaves it as it is.
COPY --from=build /build/target/image/lib/ lib/
COPY --from=build /build/target/image/torii.cdx.json ./
COPY --from=build /build/target/image/torii-app.jar torii.jar

# The archive of classes is for this JRE, these jars and these options only, so it is made in this very file system. It
# fits heaps below 32 GiB, which a third of a large builder would not be.
FROM runtime AS archive
RUN java @jvm.options -Xmx256m -Xlog:all=error:stderr -XX:AOTCacheOutput=/opt/torii/torii.aot -jar /opt/torii/torii.jar rehearse \
       > /tmp/rehearsal.log || { tail -20 /tmp/rehearsal.log; exit 1; }; \
    java @jvm.options -Xmx256m -XX:AOTMode=on -XX:AOTCache=/opt/torii/torii.aot -jar /opt/torii/torii.jar --version \
    && chmod 0444 torii.aot

FROM runtime
COPY --from=archive /opt/torii/torii.aot ./
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="Torii" \
      org.opencontainers.image.description="A reactive, non-blocking API-key gateway in front of an MLflow tracking server and model registry." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0-SNAPSHOT" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.base.name="eclipse-temurin:25-jre" \
      ai.hokus.torii.sbom="/opt/torii/torii.cdx.json"
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["java", "@/opt/torii/jvm.options", "-XX:AOTCache=/opt/torii/torii.aot", "-jar", "/opt/torii/torii.jar"]
CMD ["serve"]

/* OHIF's settings: it opens one study, reads through the house's own gate, and asks no other house for anything. */
(function () {
  "use strict";
  const { back, backText } = document.currentScript.dataset;
  const signIn = ({ status } = {}) => {
    if (status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    if (status === 423) location.reload(); // the lock stands in the page's place
  };
  window.PUBLIC_URL = "/viewer/";
  window.browserImportFunction = (name) => import(name);
  window.config = {
    name: "annae",
    routerBasename: "/", // its route for one study is `viewer`, and so is ours
    extensions: [],
    modes: [],
    customizationService: { "ohif.tours": { $set: [] } },
    showStudyList: false,
    showPatientInfo: "visibleReadOnly", // whose pictures these are is never folded away
    whiteLabeling: {
      createLogoComponentFn: (React) => React.createElement("a", { href: back, className: "viewer-back" }, backText),
    },
    maxNumberOfWebWorkers: 2,
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: true,
    showLoadingIndicator: true,
    strictZSpacingForVolumeViewport: true,
    investigationalUseDialog: { option: "always" },
    maxNumRequests: { interaction: 20, thumbnail: 5, prefetch: 6 },
    showErrorDetails: "production",
    defaultDataSourceName: "dicomweb",
    dataSources: [{
      namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
      sourceName: "dicomweb",
      configuration: {
        friendlyName: "Annae",
        name: "annae",
        wadoUriRoot: "/dicom-web",
        qidoRoot: "/dicom-web",
        wadoRoot: "/dicom-web",
        qidoSupportsIncludeField: false,
        supportsReject: false,
        imageRendering: "wadors",
        thumbnailRendering: "wadors",
        enableStudyLazyLoad: true,
        supportsFuzzyMatching: false,
        supportsWildcard: false,
        singlepart: "bulkdata,pdf,video",
        bulkDataURI: { enabled: true, relativeResolution: "studies" },
        omitQuotationForMultipartRequest: true,
        acceptHeader: ["multipart/related; type=application/octet-stream; transfer-syntax=*"],
      },
    }],
    httpErrorHandler: signIn,
  };
})();
